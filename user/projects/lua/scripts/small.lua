-- SPDX-License-Identifier: BSD-2-Clause
-- What a program does that has very little memory: there is an error in Lua, and everything goes on.
local check <const> = require("check")

local function fills(make)
    local kept = {}
    local works, why = pcall(function()
        for i = 1, math.huge do kept[i] = make(i) end
    end)
    local n = #kept
    kept = nil
    collectgarbage()
    return not works and why == "not enough memory" and n
end

check.that("strings_without_end", function() return fills(function(i) return ("x"):rep(1000) .. i end) > 100 end)
check.that("tables_without_end", function() return fills(function(i) return { i } end) > 1000 end)
check.that("closures_without_end", function() return fills(function(i) return function() return i end end) > 1000 end)
check.that("coroutines_without_end", function() return fills(function(i) return coroutine.create(print) end) > 100 end)
check.that("a_string_that_doubles", function()
    local s = "0123456789abcdef"
    local works, why = pcall(function() while true do s = s .. s end end)
    return not works and why == "not enough memory" and #s >= 1 << 16
end)
check.that("a_string_of_a_gigabyte", function() return check.fails("not enough memory", string.rep, "x", 1 << 30) end)
check.that("recursion_without_end", function()
    local function down(n) return 1 + down(n + 1) end
    local works, why = pcall(down, 1)
    return not works and why == "not enough memory"
end)
check.that("as_much_as_before", function()
    local first = fills(function(i) return ("y"):rep(1000) .. i end)
    for _ = 1, 3 do
        local n = fills(function(i) return ("y"):rep(1000) .. i end)
        if n < first * 9 // 10 then return false, n .. " of " .. first end
    end
    return true
end)
check.that("a_handler_that_needs_memory", function()
    local s = "x"
    local works, why = xpcall(function() while true do s = s .. s end end, function(text) return text .. s:rep(10) end)
    return not works
end)
check.that("each_finalizer_is_called_once", function()
    local made, called = 0, 0
    local count <const> = { __gc = function() called = called + 1 end }
    fills(function(i)
        local t = setmetatable({ ("z"):rep(1000) }, count)
        made = made + 1
        return t
    end)
    collectgarbage()
    return made > 100 and called == made, called .. " of " .. made
end)
check.finish()
