-- SPDX-License-Identifier: BSD-2-Clause
-- Does Lua do what its manual says, and the library `lykos` what README.md says?
local check <const> = require("check")
local equal, fails = check.equal, check.fails

-- ---- Numbers ----

check.that("integers_of_64_bits", function()
    return equal {
        { 1 + 1, 2 }, { 7 // 2, 3 }, { -7 // 2, -4 }, { -7 % 3, 2 }, { 7 % -3, -2 }, { 1 << 63, math.mininteger },
        { math.maxinteger + 1, math.mininteger }, { math.mininteger // -1, math.mininteger }, { math.mininteger % -1, 0 },
        { 0xffffffffffffffff, -1 }, { 0x7fffffffffffffff, math.maxinteger }, { ~5 & 0xff | 0x100, 506 }, { 1 << 64, 0 }, { -1 >> 60, 15 },
        { 5 ~ 3, 6 }, { 3037000500 * 3037000500, -9223372036709301616 }, { tostring(math.mininteger), "-9223372036854775808" },
        { math.tointeger(2 ^ 53), 9007199254740992 }, { math.ult(1, -1), true }, { tonumber("zz", 36), 1295 }, { tonumber("0x10"), 16 },
    }
end)
check.that("floats", function()
    return equal {
        { ("%.14g"):format(0.1), "0.1" }, { ("%.17g"):format(0.1), "0.10000000000000001" }, { 1 / 3, 0.3333333333333333 }, { 7 / 2, 3.5 },
        { 2 ^ 10, 1024.0 }, { 7.5 // 2, 3.0 }, { -7.5 % 2, 0.5 }, { 1e308 * 10, math.huge }, { tostring(1e15), "1e+15" }, { tostring(3.0), "3.0" },
        { tostring(-0.0), "-0.0" }, { 0.0 == -0.0, true }, { 0 / 0 ~= 0 / 0, true }, { math.floor(-3.5), -4 }, { math.ceil(3.2), 4 },
        { ("%.3f"):format(math.pi), "3.142" }, { ("%.10f"):format(math.sin(1)), "0.8414709848" }, { ("%.10f"):format(math.exp(1)), "2.7182818285" },
        { ("%.10f"):format(math.log(10)), "2.3025850930" }, { math.sqrt(16), 4.0 }, { math.fmod(-7, 3), -1 }, { ("%a"):format(1.5), "0x1.8p+0" },
        { tonumber("1e-3"), 0.001 }, { tonumber("0x1p4"), 16.0 }, { ("%5.1f|%-8d|%+d|%x"):format(3.14159, 42, 7, 255), "  3.1|42      |+7|ff" },
        { 1 == 1.0, true }, { math.maxinteger + 0.0 == math.maxinteger, false }, { 2 ^ 53 == (1 << 53), true },
    }
end)
check.that("floats_both_ways", function()
    math.randomseed(42)
    for _ = 1, 500 do
        local x = string.unpack("d", string.pack("i8", math.random(0)))
        if x == x and tonumber(("%.17g"):format(x)) ~= x then return false, ("%a"):format(x) end
    end
    return true
end)
check.that("errors_of_numbers", function()
    return fails("attempt to", function() return 1 // 0 end) and fails("attempt to", function() return 1 % 0 end) and
        fails("number has no integer representation", function() return 1.5 | 1 end)
end)

-- ---- Strings ----

check.that("strings", function()
    return equal {
        { #"\0\xff\u{20ac}\z
             x", 6 }, { ("abc"):rep(3, "-"), "abc-abc-abc" }, { ("hello"):sub(-3, -2), "ll" }, { ("x"):byte(), 120 }, { ("abc"):reverse(), "cba" },
        { ("MiX"):upper() .. ("MiX"):lower(), "MIXmix" }, { "10" + 5, 15 }, { 10 .. "", "10" }, { ("%q"):format("a\n\"\0"), '"a\\\n\\"\\0"' },
        { utf8.char(8364, 120), "\u{20ac}x" }, { utf8.len("\u{20ac}x"), 2 }, { string.pack(">I4s1", 258, "ab"), "\0\0\1\2\2ab" },
        { select("#", ("a,b,,c"):byte(1, -1)), 6 }, { [[
two
lines]], "two\nlines" }, { "a" < "b" and not ("b" < "a"), true }, { ("%s|%10s|%-5s|"):format(nil, "x", true), "nil|         x|true |" },
    }
end)
check.that("patterns", function()
    local words = {}
    for word in ("one two  three"):gmatch("%a+") do words[#words + 1] = word end
    return equal {
        { table.concat(words, ","), "one,two,three" }, { ("key = value"):match("^(%w+)%s*=%s*(%w+)$"), "key" }, { ("f(a(b)c)d"):match("%b()"), "(a(b)c)" },
        { ("hello world"):gsub("o", "0"), "hell0 w0rld" }, { ("$name is $age"):gsub("%$(%w+)", { name = "Lua", age = 30 }), "Lua is 30" },
        { ("abc"):gsub("%w", function(c) return c:byte() .. " " end), "97 98 99 " }, { ("THE (quick) fox"):find("%((%a+)%)"), 5 },
        { ("  trim "):match("^%s*(.-)%s*$"), "trim" }, { ("THE fox"):find("%f[%a]%a+", 2), 5 }, { ("a.b"):find(".", 1, true), 2 },
    }
end)
check.that("long_strings", function()
    local parts = {}
    for i = 1, 5000 do parts[i] = i end
    local s = table.concat(parts, " ")
    return equal { { #s, 23892 }, { select(2, s:gsub("%d+", "")), 5000 }, { s:match("(%d+)$"), "5000" } }
end)

-- ---- Tables, functions ----

check.that("tables", function()
    local t = { 1, 2, 3, nil, 5, n = 1, [2.0] = "two", [-1] = "minus" }
    table.insert(t, 1, 0)
    return equal {
        { t[1], 0 }, { t.n, 1 }, { t[-1], "minus" }, { table.concat({ 1, 2, 3 }, "-", 2), "2-3" }, { table.unpack({ 1, 2, 3 }, 2, 3), 2 },
        { table.pack(nil, 1, nil).n, 3 }, { table.remove({ 1, 2, 3 }, 1), 1 },
        { table.concat(table.move({ 1, 2, 3 }, 1, 3, 2), ","), "1,1,2,3" }, { next({}), nil }, { rawlen({ 1, 2 }), 2 },
    } and fails("table index is nil", function() t[nil] = 1 end) and fails("table index is NaN", function() t[0 / 0] = 1 end)
end)
check.that("sorts_10000", function()
    local t, sum = {}, 0
    math.randomseed(1)
    for i = 1, 10000 do
        t[i] = math.random(1, 1000000)
        sum = sum + t[i]
    end
    table.sort(t, function(a, b) return a > b end)
    for i = 2, #t do
        if t[i - 1] < t[i] then return false, i end
        sum = sum - t[i]
    end
    return #t == 10000 and sum == t[1] and fails("invalid order function", table.sort, { 3, 1, 2, 5, 4, 7, 6, 9, 8 }, function() return true end)
end)
check.that("closures", function()
    local made = {}
    for i = 1, 3 do made[i] = function() i = i + 1 return i end end
    local function sum(...) local s = 0 for _, x in ipairs { ... } do s = s + x end return s, select("#", ...) end
    local function last(n) if n == 0 then return "end" end return last(n - 1) end
    return equal { { made[1]() + made[1]() + made[2](), 8 }, { sum(1, 2, 3), 6 }, { select(2, sum(nil, nil)), 2 }, { last(100000), "end" } }
end)
check.that("goto_and_loops", function()
    local n = 0
    for i = 10, 1, -3 do
        if i == 7 then goto continue end
        n = n + i
        ::continue::
    end
    for x = 0.0, 1.0, 0.25 do n = n + x end
    repeat local done = n > 20 n = n + 1 until done
    return equal { { n, 21.5 } } and fails("'for' step is zero", function() for _ = 1, 2, 0 do end end)
end)
check.that("metatables", function()
    local V = {}
    V.__index = V
    V.__add = function(a, b) return setmetatable({ x = a.x + b.x }, V) end
    V.__eq = function(a, b) return a.x == b.x end
    V.__lt = function(a, b) return a.x < b.x end
    V.__call = function(self, y) return self.x * y end
    V.__len = function(self) return self.x end
    V.__tostring = function(self) return "V" .. self.x end
    V.__concat = function(a, b) return tostring(a) .. tostring(b) end
    V.__close = function(self) self.closed.n = self.closed.n + 1 end
    local a, b, closed = setmetatable({ x = 1 }, V), setmetatable({ x = 2 }, V), { n = 0 }
    pcall(function()
        local guard <close> = setmetatable({ closed = closed }, V)
        error("out")
    end)
    local seen = setmetatable({}, { __index = function(_, k) return k .. "!" end, __newindex = function(t, k, v) rawset(t, k, v * 2) end })
    seen.y = 4
    return equal { { (a + b).x, 3 }, { a == setmetatable({ x = 1 }, V), true }, { a < b, true }, { a(5), 5 }, { #b, 2 }, { a .. b, "V1V2" }, { seen.x, "x!" },
        { seen.y, 8 }, { closed.n, 1 } }
end)
check.that("coroutines", function()
    local function numbers(n) return coroutine.wrap(function() for i = 1, n do coroutine.yield(i) end end) end
    local sum = 0
    for i in numbers(1000) do sum = sum + i end
    local co = coroutine.create(function(a) local b = coroutine.yield(a + 1) error("bad " .. b) end)
    local _, first = coroutine.resume(co, 1)
    local works, why = coroutine.resume(co, 7)
    -- Across pcall, metamethods, and iterators.
    local deep = coroutine.wrap(function()
        local t = setmetatable({}, { __index = function(_, k) return coroutine.yield(k) end })
        local ok, value = pcall(function() return t.name end)
        return ok and value
    end)
    local asked = deep()
    return equal { { sum, 500500 }, { first, 2 }, { works, false }, { why:match("bad 7"), "bad 7" }, { coroutine.status(co), "dead" }, { asked, "name" },
        { deep("value"), "value" }, { coroutine.isyieldable(), false },
        { select(2, coroutine.resume(co)), "cannot resume dead coroutine" } }
end)
check.that("errors", function()
    local function inner() error({ code = 7 }) end
    local _, e = pcall(inner)
    local _, text = pcall(error, "plain", 0)
    local _, trace = xpcall(function() local x = nil; return x.y end, debug.traceback)
    return equal { { e.code, 7 }, { text, "plain" }, { select(2, pcall(error)), nil }, { trace:find("attempt to index a nil value (local 'x')", 1, true) ~= nil, true },
        { trace:find("stack traceback:", 1, true) ~= nil, true }, { select(2, load("x = = 1", "=piece")), "piece:1: unexpected symbol near '='" },
        { load("return 1 + ...")(2), 3 }, { select(2, pcall(load("error('deep')", "@file.lua"))), "file.lua:1: deep" } }
end)

-- ---- The ends of stack and memory ----

check.that("recursion_ends", function()
    -- Few, large frames: there is memory for as many values as the stack may have.
    local down = load("local down; function down(n) local " .. ("x,"):rep(150) .. "y; return 1 + down(n + 1) end return down")()
    return fails("stack overflow", down, 1)
end)

-- Ways by which C calls Lua calls C ...: each must end with an error, and none by a fault.
local ways = {
    gsub = function(f) ("x"):gsub("x", f) end,
    sort = function(f) table.sort({ 1, 2 }, f) end,
    pcall = function(f) assert(pcall(f)) end,
    tostring = function(f) tostring(setmetatable({}, { __tostring = f })) end,
    format = function(f) ("%s"):format(setmetatable({}, { __tostring = f })) end,
    index = function(f) return setmetatable({}, { __index = f }).x .. "" end,
    concat = function(f) return setmetatable({}, { __concat = f }) .. "x" .. "y" end,
    join = function(f) table.concat(setmetatable({}, { __index = f, __len = function() return 1 end })) end,
    load = function(f) assert(load(f)) end,
    dofile = function(f) _G.again = f; dofile("again.lua") end,
    close = function(f) local guard <close> = setmetatable({}, { __close = f }); return 1 end,
    resume = function(f) assert(coroutine.resume(coroutine.create(f))) end,
    wrap = function(f) coroutine.wrap(f)() end,
    collect = function(f) local t = {}; for i = 1, 9 do t[i] = setmetatable({}, { __len = f }); local _ = #t[i] end end,
}
local names = {}
for name in pairs(ways) do names[#names + 1] = name end
table.sort(names)
check.that("recursion_through_c_ends", function()
    for _, name in ipairs(names) do
        local depth, deepest = 0, 0
        local function again() depth = depth + 1 deepest = math.max(deepest, depth) ways[name](again) depth = depth - 1 return "x" end
        local works, why = pcall(again)
        if works or not tostring(why):find("stack overflow", 1, true) then return false, name .. ": " .. tostring(why):sub(1, 200) end
        if deepest < 20 then return false, name .. ": only " .. deepest end
    end
    return true
end)
check.that("nested_source_ends", function()
    for _, pair in ipairs { { "(", "1", ")" }, { "{", "", "}" }, { "- ", "1", "" }, { "function() return ", "1", " end" }, { "a.b[", "1", "]" }, { "2 ^ ", "1", "" } } do
        local source = "return " .. pair[1]:rep(10000) .. pair[2] .. pair[3]:rep(10000)
        local made, why = load(source)
        if made or not (why:find("overflow") or why:find("too many") or why:find("near")) then return false, why end
    end
    return true
end)
check.that("what_is_no_source", function()
    local binary = string.dump(function(n) local s = "a string" return function() return s .. n end end)
    for n = 1, #binary - 1 do
        local made, why = load(binary:sub(1, n), "=piece", "b")
        if made or not why:find("truncated", 1, true) then return false, n .. " of " .. #binary .. " bytes: " .. tostring(why) end
    end
    math.randomseed(7)
    for n = 1, 500 do
        local bytes = {}
        for i = 1, n % 50 + 1 do bytes[i] = math.random(0, 255) end
        local text = string.char(table.unpack(bytes))
        local made, why = load(text, "=noise", "t")
        if not made and not why:find("^noise:%d+: ") and not why:find("attempt to load a binary chunk", 1, true) then return false, why end
    end
    return equal { { load(binary)(1)(), "a string1" }, { (load(binary, "=piece", "t")), nil }, { (load(binary:gsub("^....", "\27Lua\1"))), nil },
        { select(2, load("return 'a", "=piece")), "piece:1: unfinished string near <eof>" }, { (load("return 08x")), nil }, { (load("goto nowhere")), nil },
        { (load(function() error("none") end)), nil }, { (load(function() return {} end)), nil } }
end)
check.that("patterns_that_are_too_deep", function()
    return fails("pattern too complex", string.match, ("a"):rep(3000), ("a?"):rep(3000) .. ".-b")
end)
check.that("collects_garbage", function()
    local weak = setmetatable({}, { __mode = "v" })
    local keys = setmetatable({}, { __mode = "k" })
    local finalized = 0
    for _, mode in ipairs { "incremental", "generational" } do
        collectgarbage(mode)
        for i = 1, 1000 do
            weak[i] = { i }
            keys[{}] = i
            setmetatable({}, { __gc = function() finalized = finalized + 1 end })
            local _ = ("garbage"):rep(100) .. i
        end
        collectgarbage()
        collectgarbage()
        if next(weak) ~= nil or next(keys) ~= nil then return false, mode .. ": something is left" end
    end
    return equal { { finalized, 2000 } }
end)
check.that("memory_is_given_back", function()
    collectgarbage()
    local before = collectgarbage("count")
    local kept = {}
    for i = 1, 3000 do kept[i] = { ("x"):rep(1000) .. i } end
    local full = collectgarbage("count")
    kept = nil
    collectgarbage()
    return full > before + 3000 and collectgarbage("count") < before + 200
end)
check.that("a_string_too_long", function()
    return fails("resulting string too large", string.rep, "x", 1 << 62, "y")
end)

-- ---- What Lykos has, and what it has not ----

check.that("scripts_are_files", function()
    local f <close> = assert(io.open("check.lua"))
    local first = f:read("l")
    local size = f:seek("end")
    f:seek("set", 3)
    local four = f:read(4)
    local lines = 0
    for _ in io.lines("check.lua") do lines = lines + 1 end
    return equal { { first, "-- SPDX-License-Identifier: BSD-2-Clause" }, { four, "SPDX" }, { size > 500, true }, { lines > 20, true }, { f:read(0), "" },
        { require("check"), check }, { package.searchpath("check", package.path), "check.lua" }, { io.type(f), "file" } }
end)
check.that("files_that_are_not_there", function()
    local function says(text, value, why) return { not value and why, text } end
    return equal {
        says("nothing.txt: No such file or directory", io.open("nothing.txt")), says("new.txt: Read-only file system", io.open("new.txt", "w")),
        says("check.lua: Read-only file system", io.open("check.lua", "a")), says("check.lua: Read-only file system", io.open("check.lua", "r+")),
        { os.getenv("HOME"), nil }, { os.execute(), false }, { (os.execute("ls")), nil }, { (os.remove("check.lua")), nil },
        { (os.rename("check.lua", "other")), nil }, { io.read(), nil }, { (io.tmpfile()), nil },
    } and fails("'popen' not supported", io.popen, "ls") and fails("module 'nothing' not found", require, "nothing") and
        fails("cannot open nothing", dofile, "nothing")
end)
check.that("sixteen_files_at_once", function()
    local open = {}
    for i = 1, 16 do open[i] = assert(io.open("check.lua")) end
    local none, _, code = io.open("check.lua")
    for i = 1, 16 do open[i]:close() end
    return equal { { none, nil }, { code, 24 }, { io.open("check.lua"):close(), true } }
end)
check.that("time", function()
    local before, at = lykos.now(), os.clock()
    local slept = lykos.sleep_ms(20)
    return slept and lykos.now() - before >= 20000000 and os.clock() - at >= 0.019 and os.time() < 86400 and os.time { year = 1970, month = 1, day = 2, hour = 0 } == 86400 and
        os.date("!%Y-%m-%d %H:%M:%S", 86399) == "1970-01-01 23:59:59"
end)
check.that("writes", function()
    io.write("no ", 1, " ", 2.5, "\n")
    io.stderr:write("standard error\n")
    return io.write("") == io.stdout
end)

-- ---- The library `lykos` ----

check.that("calls_a_server_in_c", function()
    local before = lykos.call("counter", 2)
    local sum = lykos.call("counter", 1, 5)
    local none, why, code = lykos.call("counter", 1, 1000000)
    local word, what = lykos.call("counter", 1, 1 << 32)
    return equal { { sum, before + 5 }, { none, nil }, { code, 64 }, { word, nil }, { what, lykos.status(3) }, { lykos.call("counter", 2), sum },
        { select(3, lykos.call("counter", 77)), 2 } }
end)
check.that("calls_a_server_in_lua", function()
    local before = lykos.call("adder", 2)
    local long = ("long"):rep(16384)
    local words = table.pack(lykos.call("adder", 10, 1, -2, math.mininteger, "text\0end"))
    return equal { { lykos.call("adder", 1, 5), before + 5 }, { select(3, lykos.call("adder", 1, 1000000)), 64 }, { select(3, lykos.call("adder", 1)), 3 },
        { table.concat(words, "|"), "1|-2|-9223372036854775808|text\0end" }, { lykos.call("adder", 10, long), long },
        { select("#", lykos.call("adder", 10, 1, 2, 3, 4, 5, 6, 7)), 7 }, { select("#", lykos.call("adder", 10)), 0 } }
end)
check.that("a_method_that_fails", function()
    return equal { { select(3, lykos.call("adder", 11)), 3 }, { select(3, lykos.call("adder", 12)), 3 }, { select(3, lykos.call("adder", 99)), 2 },
        { select(3, lykos.call("adder", -1)), 2 }, { lykos.call("adder", 13) % 2, 0 } }
end)
check.that("a_server_forgets", function()
    local before = lykos.call("adder", 14)
    for i = 1, 100 do lykos.call("adder", 10, ("x"):rep(20000)) end
    return lykos.call("adder", 14) < before + 400000
end)
check.that("what_is_no_call", function()
    return fails("the description gives no capability 'nobody'", lykos.call, "nobody", 1) and fails("a message has one string", lykos.call, "adder", 10, "a", "b") and
        fails("a message has seven words", lykos.call, "adder", 10, 1, 2, 3, 4, 5, 6, 7, 8) and fails("number expected, got table", lykos.call, "adder", 10, {}) and
        fails("number has no integer representation", lykos.call, "adder", 10, 1.5) and fails("1 to 65536 bytes", lykos.call, "adder", 10, ("x"):rep(65537)) and
        fails("1 to 65536 bytes", lykos.call, "adder", 10, "") and fails("table expected", lykos.serve)
end)
check.that("knows_its_description", function()
    return equal { { lykos.name, "lua-test" }, { lykos.param("answer"), 42 }, { lykos.param("other", 7), 7 }, { lykos.scripts()[2], "again.lua" },
        { select(3, lykos.connect("nobody")) ~= 0, true } }
end)
check.finish()
