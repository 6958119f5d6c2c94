"""The Redis script that counts requests. It uses the clock of Redis, so that clocks of processes and machines may differ.

Each subject and class is one hash. For each window it holds the number of the current period, the count in it and the
count in the previous period; the sliding count is the current one plus the part of the previous one that is still
inside the window (sliding window counter).
"""

from feed.redis import Script

# ARGV: the requests that have passed and are reported now, the requests to grant, then quota and seconds of each window.
# Returns 1 if granted, the milliseconds to wait if not, then for each window the remaining quota and the milliseconds
# until its period ends. Reported requests are always counted, requests to grant only when they are granted.
COUNT = Script("""
local reported, requested = tonumber(ARGV[1]), tonumber(ARGV[2])
local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1e6
local windows, wait, longest = {}, 0, 0
for i = 3, #ARGV, 2 do
  local quota, seconds = tonumber(ARGV[i]), tonumber(ARGV[i + 1])
  local stored = redis.call('HMGET', KEYS[1], seconds .. 'n', seconds .. 'c', seconds .. 'p')
  local period = math.floor(now / seconds)
  local number, count, before = tonumber(stored[1] or -1), tonumber(stored[2] or 0), tonumber(stored[3] or 0)
  -- After the clock was set back the hash holds a future period: its counts are kept for the current one.
  if number == period - 1 then count, before = 0, count
  elseif number < period then count, before = 0, 0 end
  count = count + reported
  local left = (period + 1) * seconds - now
  if count + before * left / seconds + requested > quota then
    local free = quota - count - requested
    local pause
    if free >= 0 then pause = left - free * seconds / before
    else pause = left + seconds - math.max(quota - requested, 0) * seconds / count end
    wait = math.max(wait, pause, 0.001)
  end
  windows[#windows + 1] = {seconds, period, count, before, quota, left}
  longest = math.max(longest, seconds)
end
local granted = (wait == 0) and 1 or 0
local reply = {granted, math.ceil(wait * 1000)}
for _, w in ipairs(windows) do
  local count = w[3] + requested * granted
  redis.call('HSET', KEYS[1], w[1] .. 'n', w[2], w[1] .. 'c', count, w[1] .. 'p', w[4])
  reply[#reply + 1] = math.max(0, math.floor(w[5] - count - w[4] * w[6] / w[1]))
  reply[#reply + 1] = math.ceil(w[6] * 1000)
end
redis.call('EXPIRE', KEYS[1], 2 * longest)
return reply
""")
