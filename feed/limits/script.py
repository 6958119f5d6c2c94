"""The one step in which Redis counts. Its clock is the only one: processes and machines need not agree on theirs.

A subject's class is one hash. Each of its windows keeps the number of the present period, the count in it and the count
in the period before; the sliding count is the present one and the part of the former that still lies in the window.
"""

from feed.redis import Script

# What has been spent already and is only told, what is asked for, then quota and seconds of each window.
# Returns whether it is granted, the milliseconds to wait if not, then for each window what remains and the
# milliseconds until its period ends. What is told counts in any case; what is asked for counts when it is granted.
SPEND = Script("""
local told, asked = tonumber(ARGV[1]), tonumber(ARGV[2])
local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1e6
local windows, wait, longest = {}, 0, 0
for i = 3, #ARGV, 2 do
  local quota, seconds = tonumber(ARGV[i]), tonumber(ARGV[i + 1])
  local held = redis.call('HMGET', KEYS[1], seconds .. 'n', seconds .. 'c', seconds .. 'p')
  local period = math.floor(now / seconds)
  local number, count, before = tonumber(held[1] or -1), tonumber(held[2] or 0), tonumber(held[3] or 0)
  -- A clock that was set back leaves a period from the future: its counts are kept for the present one.
  if number == period - 1 then count, before = 0, count
  elseif number < period then count, before = 0, 0 end
  count = count + told
  local left = (period + 1) * seconds - now
  if count + before * left / seconds + asked > quota then
    local free = quota - count - asked
    local pause
    if free >= 0 then pause = left - free * seconds / before
    else pause = left + seconds - math.max(quota - asked, 0) * seconds / count end
    wait = math.max(wait, pause, 0.001)
  end
  windows[#windows + 1] = {seconds, period, count, before, quota, left}
  longest = math.max(longest, seconds)
end
local granted = (wait == 0) and 1 or 0
local answer = {granted, math.ceil(wait * 1000)}
for _, w in ipairs(windows) do
  local count = w[3] + asked * granted
  redis.call('HSET', KEYS[1], w[1] .. 'n', w[2], w[1] .. 'c', count, w[1] .. 'p', w[4])
  answer[#answer + 1] = math.max(0, math.floor(w[5] - count - w[4] * w[6] / w[1]))
  answer[#answer + 1] = math.ceil(w[6] * 1000)
end
redis.call('EXPIRE', KEYS[1], 2 * longest)
return answer
""")
