-- A sliding window in a hash: f is the number of the oldest entry, n that of the next one, r and t
-- are the requests and tokens in it, and each entry is "first:last:requests:tokens" in milliseconds.
-- Numbers begin at the time the window was made, so a window made anew never uses one again.

local function clock(given)
  if given ~= '' then return tonumber(given) end
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

local function whole(number) return string.format('%.0f', number) end

local function read(key, number)
  local packed = redis.call('HGET', key, whole(number))
  if not packed then return nil end
  local first, last, requests, tokens = string.match(packed, '(%d+):(%d+):(%d+):(%d+)')
  return { tonumber(first), tonumber(last), tonumber(requests), tonumber(tokens) }
end

local function write(key, number, entry)
  redis.call('HSET', key, whole(number),
    string.format('%.0f:%.0f:%.0f:%.0f', entry[1], entry[2], entry[3], entry[4]))
end

local function open(key, now, span)
  local got = redis.call('HMGET', key, 'f', 'n', 'r', 't')
  local window = {
    key = key,
    f = tonumber(got[1]) or now, n = tonumber(got[2]) or now,
    r = tonumber(got[3]) or 0, t = tonumber(got[4]) or 0,
  }
  while window.f < window.n do
    local entry = read(key, window.f)
    if entry and entry[2] + span > now then break end
    if entry then
      window.r = window.r - entry[3]
      window.t = window.t - entry[4]
      redis.call('HDEL', key, whole(window.f))
    end
    window.f = window.f + 1
  end
  return window
end

local function save(window, span)
  redis.call('HSET', window.key, 'f', whole(window.f), 'n', whole(window.n),
    'r', whole(window.r), 't', whole(window.t))
  redis.call('PEXPIRE', window.key, 2 * span)
end

local function add(window, now, merge, requests, tokens)
  local number, entry = window.n - 1, nil
  if window.f < window.n then entry = read(window.key, number) end
  if not entry or now - entry[1] >= merge then
    number, entry = window.n, { now, now, 0, 0 }
    window.n = window.n + 1
  end
  entry[2] = now
  entry[3] = entry[3] + requests
  entry[4] = entry[4] + tokens
  write(window.key, number, entry)
  window.r = window.r + requests
  window.t = window.t + tokens
  return number
end

local function wait(window, now, span, requests, tokens)
  local left = 0
  for number = window.f, window.n - 1 do
    if requests <= 0 and tokens <= 0 then break end
    local entry = read(window.key, number)
    if entry then
      requests = requests - entry[3]
      tokens = tokens - entry[4]
      left = entry[2] + span - now
    end
  end
  return left
end
