-- Reserve an amount for a call in every budget, or in none. A call that has a reservation raises it.
-- KEYS: for each budget its account (a hash: s spent, h reserved in all, and each call's reservation
--       under its id) and its reservations (a sorted set of calls by when they expire).
-- ARGV: time ('' for the server's), milliseconds to hold, milliseconds to keep an account, the call,
--       units; then for each budget its amount.
-- Returns {1}, {-1, position} for an account that has to be opened first, or
--         {0, position, spent, reserved by others, 1 if it may fit when others settle}.

local function whole(number) return string.format('%.0f', number) end
local now = tonumber(ARGV[1])
if not now then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end
local hold, keep, call, units = tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4], tonumber(ARGV[5])
local accounts, refusal = {}, nil

for position = 1, #KEYS / 2 do
  local account, holds = KEYS[2 * position - 1], KEYS[2 * position]
  local got = redis.call('HMGET', account, 's', 'h', call)
  if not got[1] then return { -1, position } end
  local reserved = tonumber(got[2]) or 0
  local expired = redis.call('ZRANGEBYSCORE', holds, '-inf', whole(now))
  for _, dead in ipairs(expired) do
    reserved = reserved - (tonumber(redis.call('HGET', account, dead)) or 0)
    redis.call('HDEL', account, dead)
    redis.call('ZREM', holds, dead)
    if dead == call then got[3] = false end
  end
  if #expired > 0 then redis.call('HSET', account, 'h', whole(reserved)) end
  local own = tonumber(got[3]) or 0
  local wanted = math.max(units, own)
  local spent, amount = tonumber(got[1]), tonumber(ARGV[5 + position])
  if spent + reserved - own + wanted > amount then
    local may_fit = spent + wanted <= amount
    if not refusal or (refusal[5] == 1 and not may_fit) then
      refusal = { 0, position, whole(spent), whole(reserved - own), may_fit and 1 or 0 }
    end
  end
  accounts[position] = { account, holds, reserved - own + wanted, wanted }
end

if refusal then return refusal end
for _, entry in ipairs(accounts) do
  redis.call('HSET', entry[1], 'h', whole(entry[3]), call, whole(entry[4]))
  redis.call('ZADD', entry[2], whole(now + hold), call)
  redis.call('PEXPIRE', entry[1], keep)
  redis.call('PEXPIRE', entry[2], keep)
end
return { 1 }
