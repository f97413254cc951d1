-- SPDX-License-Identifier: BSD-2-Clause
-- For scripts that judge themselves: a case is a line "ok NAME" or "not ok NAME".
local check = {}
local failed = 0

-- The case holds if the function returns a true value. An error is one that does not.
function check.that(name, holds)
    local works, result, why = xpcall(holds, debug.traceback)
    if works and result then
        print("ok " .. name)
        return
    end
    failed = failed + 1
    print("not ok " .. name)
    print("  " .. tostring(works and why or result))
end

-- All of a list of pairs are equal: { what there is, what there is to be }, ... If not it is an error, as with check.fails.
function check.equal(pairs_of)
    for i, pair in ipairs(pairs_of) do
        local is, wanted = pair[1], pair[2]
        if is ~= wanted or math.type(is) ~= math.type(wanted) then
            error(("number %d is %s, not %s"):format(i, is, wanted), 2)
        end
    end
    return true
end

-- The function ends with an error that has this in it.
function check.fails(with, f, ...)
    local works, why = pcall(f, ...)
    if works or not tostring(why):find(with, 1, true) then
        error("not '" .. with .. "': " .. (works and "it works" or tostring(why):sub(1, 200)), 2)
    end
    return true
end

function check.finish()
    os.exit(failed == 0)
end

return check
