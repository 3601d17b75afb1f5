-- Records are on disk: what is spent is what the database says, never less than it said before, and
-- the reservations of these calls are over.
-- KEYS: for each budget its account and its reservations.
-- ARGV: milliseconds to keep an account; then for each budget what is spent ('' if that is not
--       news), the number of calls, and the calls.

local function whole(number) return string.format('%.0f', number) end
local keep, at = tonumber(ARGV[1]), 2

for position = 1, #KEYS / 2 do
  local account, holds = KEYS[2 * position - 1], KEYS[2 * position]
  local spent, count = tonumber(ARGV[at]), tonumber(ARGV[at + 1])
  if spent and spent >= (tonumber(redis.call('HGET', account, 's')) or 0) then
    redis.call('HSET', account, 's', whole(spent))
    redis.call('PEXPIRE', account, keep)
  end
  for index = at + 2, at + 1 + count do
    local units = redis.call('HGET', account, ARGV[index])
    if units then
      redis.call('HINCRBY', account, 'h', '-' .. units)
      redis.call('HDEL', account, ARGV[index])
      redis.call('ZREM', holds, ARGV[index])
    end
  end
  at = at + 2 + count
end
return 1
