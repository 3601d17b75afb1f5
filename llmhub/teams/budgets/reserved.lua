-- What calls under way have reserved of each budget.
-- KEYS: for each budget its account and its reservations, as in reserve.lua.
-- Returns for each budget its units.

local time = redis.call('TIME')
local now = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000))
local found = {}

for position = 1, #KEYS / 2 do
  local account, holds = KEYS[2 * position - 1], KEYS[2 * position]
  local reserved = 0
  for _, call in ipairs(redis.call('ZRANGEBYSCORE', holds, '(' .. now, '+inf')) do
    reserved = reserved + (tonumber(redis.call('HGET', account, call)) or 0)
  end
  found[position] = string.format('%.0f', reserved)
end

return found
