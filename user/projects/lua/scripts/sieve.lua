-- SPDX-License-Identifier: BSD-2-Clause
-- How many primes there are below a number: sieve.lua [NUMBER]
local most = math.tointeger(arg[1]) or 100000
local composite, count = {}, 0

for i = 2, most - 1 do
    if not composite[i] then
        count = count + 1
        for j = i * i, most - 1, i do composite[j] = true end
    end
end
print(("%d primes below %d"):format(count, most))
