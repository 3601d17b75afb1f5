-- What is held stays held: put off when it expires, unless it was given back meanwhile.
-- KEYS: for each, the sorted set by expiry. ARGV: milliseconds to hold, then the members.

local time = redis.call('TIME')
local expiry = time[1] * 1000 + math.floor(time[2] / 1000) + tonumber(ARGV[1])
for position, key in ipairs(KEYS) do
  redis.call('ZADD', key, 'XX', string.format('%.0f', expiry), ARGV[position + 1])
  redis.call('PEXPIRE', key, 2 * tonumber(ARGV[1]), 'GT')
end
return 1
