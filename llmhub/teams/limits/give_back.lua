-- Calls have ended: put their tokens right and free their places among the parallel ones.
-- KEYS: for each place its window and its leases.
-- ARGV: time ('' for the server's), span, merge; then for each place the entry's number, by how much
--       its tokens change, and the call ('' where it holds no lease).

local now, span, merge = clock(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])

for position = 1, #KEYS / 2 do
  local at = 3 + 3 * (position - 1)
  local number, change, call = tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2]), ARGV[at + 3]
  if call ~= '' then redis.call('ZREM', KEYS[2 * position], call) end
  if change ~= 0 then
    local window = open(KEYS[2 * position - 1], now, span)
    local entry = nil
    if number >= window.f and number < window.n then entry = read(window.key, number) end
    if entry then
      entry[4] = entry[4] + change
      window.t = window.t + change
      write(window.key, number, entry)
    elseif change > 0 then
      add(window, now, merge, 0, change)
    end
    save(window, span)
  end
end
return 1
