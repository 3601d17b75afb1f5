-- Count a call in every scope, or in none.
-- KEYS: for each scope its window and its leases (a sorted set of calls by when they expire).
-- ARGV: time ('' for the server's), span, merge, length of a lease, wait for a parallel call, the
--       call; then for each scope rpm, tpm, parallel (-1 for none) and tokens.
-- Returns {1, for each scope: entry's number, requests, tokens, milliseconds to the next room}
--      or {0, position of the scope, kind of limit, milliseconds to wait}.

local now, span, merge = clock(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local lease, busy, call = tonumber(ARGV[4]), tonumber(ARGV[5]), ARGV[6]
local scopes, refusal = {}, { 0, 0, 0, 0 }

local function refuse(position, kind, milliseconds)
  if milliseconds > refusal[4] then refusal = { 0, position, kind, milliseconds } end
end

for position = 1, #KEYS / 2 do
  local at = 6 + 4 * (position - 1)
  local scope = {
    leases = KEYS[2 * position],
    rpm = tonumber(ARGV[at + 1]), tpm = tonumber(ARGV[at + 2]),
    parallel = tonumber(ARGV[at + 3]), tokens = tonumber(ARGV[at + 4]),
  }
  scopes[position] = scope
  if scope.rpm >= 0 or scope.tpm >= 0 then
    local window = open(KEYS[2 * position - 1], now, span)
    scope.window = window
    if scope.rpm >= 0 and window.r + 1 > scope.rpm then
      refuse(position, 1, wait(window, now, span, window.r + 1 - scope.rpm, 0))
    end
    if scope.tpm >= 0 and window.t + scope.tokens > scope.tpm then
      refuse(position, 2, wait(window, now, span, 0, window.t + scope.tokens - scope.tpm))
    end
  end
  if scope.parallel >= 0 then
    redis.call('ZREMRANGEBYSCORE', scope.leases, '-inf', whole(now))
    if redis.call('ZCARD', scope.leases) >= scope.parallel then refuse(position, 3, busy) end
  end
end

local taken = { 1 }
for _, scope in ipairs(scopes) do
  local window, number, oldest = scope.window, 0, nil
  if window then
    if refusal[2] == 0 then
      number = add(window, now, merge, 1, scope.tokens)
      oldest = read(window.key, window.f)
      for _, value in ipairs({ number, window.r, window.t, oldest[2] + span - now }) do
        table.insert(taken, value)
      end
    end
    save(window, span)
  else
    for _ = 1, 4 do table.insert(taken, 0) end
  end
  if scope.parallel >= 0 and refusal[2] == 0 then
    redis.call('ZADD', scope.leases, whole(now + lease), call)
    redis.call('PEXPIRE', scope.leases, 2 * lease)
  end
end
return refusal[2] == 0 and taken or refusal
