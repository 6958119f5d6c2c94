"""The Lua scripts of boards. KEYS: the rows, the ranks, and the lease of the process that rebuilds the board.

The hash of rows contains a post's row as `version payload`, or a tombstone as `version`, and these fields:
`ready` and `stamp`, the position in the change log, present while the board is complete; `size`, the expected number of
ranks, to detect the loss of one key; `floor`, see below; `least`, a score above which no post is missing; `built`, the last
step of a rebuild.

Versions are dropped with tombstones, with ranks that are too low to keep, and with the whole board. The invariant that
makes this safe: a script that drops a version sets the floor to the board's position, and a row of a post without a
version is accepted only if it was read when the end of the log was at the floor or later. Let a change have the number n.
A row that was read before this change was committed was read while the end of the log was below n. If n is at most the
floor, the row is rejected. If n is above it, the board has not followed the log to n yet, and will then write the
current row with a higher version.
"""

from feed.redis import Script

# ARGV: end of the log at the read, lifetime, guard ('', 'ready', 'built'), from, to, stamp, then: id, version, score, payload.
# The score 'held' means that the board should have the version. Returns the ids that must be read again; nil: no such board.
WRITE = Script("""
local rows, rank = KEYS[1], KEYS[2]
local read_at, guard, from, to = tonumber(ARGV[1]), ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5])
local meta = redis.call('HMGET', rows, 'ready', 'built', 'floor')
local at = tonumber((guard == 'built') and meta[2] or meta[1])
if not at or (guard ~= '' and at < from) or (guard == 'built' and at ~= from) then return false end
local floor = tonumber(meta[3] or 0)
local ids = {}
for i = 7, #ARGV, 4 do ids[#ids + 1] = ARGV[i] end
local held = (#ids > 0) and redis.call('HMGET', rows, unpack(ids)) or {}
local again, set, add, rem = {}, {}, {}, {}
for n, id in ipairs(ids) do
  local i = 4 * n + 3
  local version, score = tonumber(ARGV[i + 1]), ARGV[i + 2]
  local have = held[n] and tonumber(string.match(held[n], '^%d+'))
  if score == 'held' then
    if not have or have < version then again[#again + 1] = id end
  elseif not have and read_at < floor then
    again[#again + 1] = id
  elseif not have or have < version then
    set[#set + 1] = id
    if score == '' then
      set[#set + 1] = ARGV[i + 1]
      rem[#rem + 1] = id
    else
      set[#set + 1] = ARGV[i + 1] .. ' ' .. ARGV[i + 3]
      add[#add + 1] = score
      add[#add + 1] = id
    end
  end
end
if #set > 0 then
  redis.call('HSET', rows, unpack(set))
  local moved = 0
  if #add > 0 then moved = redis.call('ZADD', rank, unpack(add)) end
  if #rem > 0 then moved = moved - redis.call('ZREM', rank, unpack(rem)) end
  if moved ~= 0 then redis.call('HINCRBY', rows, 'size', moved) end
end
if #again == 0 then
  if guard == 'ready' and at < to then redis.call('HSET', rows, 'ready', to, 'stamp', ARGV[6]) end
  if guard == 'built' then
    redis.call('HSET', rows, 'built', to)
    redis.call('EXPIRE', KEYS[3], 3)
  end
end
redis.call('EXPIRE', rows, ARGV[2])
redis.call('EXPIRE', rank, ARGV[2])
return again
""")

# ARGV: limit. Returns the rows of the best posts and of all with the last one's score; nil: read Postgres.
TOP = Script("""
local meta = redis.call('HMGET', KEYS[1], 'ready', 'size', 'least')
if not meta[1] or redis.call('ZCARD', KEYS[2]) ~= tonumber(meta[2] or 0) then return false end
local edge = redis.call('ZREVRANGE', KEYS[2], ARGV[1] - 1, ARGV[1] - 1, 'WITHSCORES')[2]
if meta[3] and (not edge or tonumber(edge) <= tonumber(meta[3])) then return false end
local ids = redis.call('ZREVRANGEBYSCORE', KEYS[2], '+inf', edge or '-inf')
local found = {}
for i = 1, #ids, 1000 do
  for _, row in ipairs(redis.call('HMGET', KEYS[1], unpack(ids, i, math.min(i + 999, #ids)))) do
    if not row then return false end
    found[#found + 1] = row
  end
end
return found
""")

# Returns ready, stamp, ranks, fields, and how many ranks are certain (-1: all); nil: the board is not complete.
META = Script("""
local meta = redis.call('HMGET', KEYS[1], 'ready', 'stamp', 'size', 'least')
local ranks = redis.call('ZCARD', KEYS[2])
if not meta[1] or ranks ~= tonumber(meta[3] or 0) then return false end
local sure = meta[4] and redis.call('ZCOUNT', KEYS[2], '(' .. meta[4], '+inf') or -1
return {meta[1], meta[2], ranks, redis.call('HLEN', KEYS[1]), sure}
""")

# ARGV: step, floor, lifetime. Returns whether the caller has the lease to rebuild the board, which is then empty.
BEGIN = Script("""
if not redis.call('SET', KEYS[3], ARGV[1], 'NX', 'EX', 3) then return 0 end
redis.call('UNLINK', KEYS[1], KEYS[2])
redis.call('HSET', KEYS[1], 'built', ARGV[1], 'floor', ARGV[2], 'size', 0)
redis.call('EXPIRE', KEYS[1], ARGV[3])
return 1
""")

# ARGV: step, ready, stamp, least ('': no post is missing). Returns whether the board became ready.
FINISH = Script("""
if redis.call('HGET', KEYS[1], 'built') ~= ARGV[1] then return 0 end
redis.call('HDEL', KEYS[1], 'built')
redis.call('HSET', KEYS[1], 'ready', ARGV[2], 'stamp', ARGV[3])
if ARGV[4] ~= '' then redis.call('HSET', KEYS[1], 'least', ARGV[4]) end
redis.call('DEL', KEYS[3])
return 1
""")

# ARGV: ids. Removes those of them that are tombstones; returns how many.
FORGET = Script("""
local ready = redis.call('HGET', KEYS[1], 'ready')
if not ready then return 0 end
local gone = {}
for n, row in ipairs(redis.call('HMGET', KEYS[1], unpack(ARGV))) do
  if row and not string.find(row, ' ', 1, true) then gone[#gone + 1] = ARGV[n] end
end
if #gone == 0 then return 0 end
redis.call('HSET', KEYS[1], 'floor', ready)
return redis.call('HDEL', KEYS[1], unpack(gone))
""")

# ARGV: how many to keep, how many to remove at most. Removes the lowest ranks; returns how many.
TRIM = Script("""
local ready = redis.call('HGET', KEYS[1], 'ready')
local extra = math.min(redis.call('ZCARD', KEYS[2]) - ARGV[1], tonumber(ARGV[2]))
if not ready or extra <= 0 then return 0 end
local lowest = redis.call('ZRANGE', KEYS[2], 0, extra - 1, 'WITHSCORES')
local ids = {}
for i = 1, #lowest, 2 do ids[#ids + 1] = lowest[i] end
local least = redis.call('HGET', KEYS[1], 'least')
if not least or tonumber(least) < tonumber(lowest[#lowest]) then least = lowest[#lowest] end
redis.call('ZREM', KEYS[2], unpack(ids))
redis.call('HDEL', KEYS[1], unpack(ids))
redis.call('HSET', KEYS[1], 'floor', ready, 'least', least)
redis.call('HINCRBY', KEYS[1], 'size', -#ids)
return #ids
""")
