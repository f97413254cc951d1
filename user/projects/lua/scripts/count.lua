-- SPDX-License-Identifier: BSD-2-Clause
-- A client: count.lua [SERVER [NUMBER...]] adds the numbers, at the server `counter` or `adder`, and says the sum.
local server = arg[1] or "counter"
local ADD, READ = 1, 2

for i = 2, #arg do
    local sum, why = lykos.call(server, ADD, math.tointeger(arg[i]) or error(arg[i] .. " is no number"))
    if not sum then
        print(arg[i] .. " was not added: " .. why)
    end
end
print("the sum is " .. lykos.call(server, READ))
