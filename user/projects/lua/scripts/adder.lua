-- SPDX-License-Identifier: BSD-2-Clause
-- A server: the methods of counter/counter.idl, by their numbers there.
local LIMIT = lykos.param("LIMIT", 1000000)
local FULL, REQUEST_ERROR = 64, 3
local sum = 0

lykos.serve {
    [1] = function(client, by)
        if not by or by < 0 or by > 0xffffffff then return nil, REQUEST_ERROR end
        if by > LIMIT - sum then return nil, FULL end
        sum = sum + by
        return sum
    end,
    [2] = function() return sum end,
    -- Not in counter.idl: what the tests want of a server.
    [10] = function(client, ...) return ... end,
    [11] = function() error("on purpose") end,
    [12] = function() return {} end,
    [13] = function(client) return client end,
    [14] = function() return collectgarbage("count") * 1024 // 1 | 0 end,
}
