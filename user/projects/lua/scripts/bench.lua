-- SPDX-License-Identifier: BSD-2-Clause
-- What things cost: nanoseconds each, which are instructions of all of the machine where its clock counts those (README.md).
local TIMES <const> = 1000

-- What the function costs for each of its TIMES, beside an empty loop.
local function measure(f)
    local begin = lykos.now()
    f()
    return (lykos.now() - begin) / TIMES
end

local empty = measure(function() for i = 1, TIMES do end end)
local function report(what, f)
    measure(f) -- memory is there, and all code was run once
    print(("%-34s%6.0f"):format(what, measure(f) - empty))
end

local function nothing() end
report("a function that does nothing", function() for i = 1, TIMES do nothing() end end)
report("a table with one field", function() for i = 1, TIMES do local _ = { i } end end)
report("a number added to a string", function() for i = 1, TIMES do local _ = "number " .. i end end)
report("a pattern found behind 44 bytes", function()
    local text = "the quick brown fox jumps over the lazy dog 42"
    for i = 1, TIMES do text:find("%d+") end
end)
report("an error caught", function() for i = 1, TIMES do pcall(error) end end)
report("a call of the server in C", function() for i = 1, TIMES do lykos.call("counter", 2) end end)
report("a call of the server in Lua", function() for i = 1, TIMES do lykos.call("adder", 2) end end)
