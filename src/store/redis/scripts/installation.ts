// Scripts on what concerns all experiments: the list of them, and the stream of events.
import { script } from './script.ts'

/**
 * The list of experiments, each with the number of its last change here: the server's time, or one more than the greatest. An experiment is noted
 * after its change was made, so whoever reads up to a number can read every change noted by then.
 * KEYS: experiments, forgotten, epoch. ARGV: keep (ms), '1' where they were forgotten, a new epoch, experiments. Gives the epoch, and which of
 * the experiments were not known.
 */
export const ANNOUNCE = script(`
local list, forgotten, epoch = KEYS[1], KEYS[2], KEYS[3]
local keep, isForgotten = tonumber(ARGV[2]), ARGV[3] == '1'
local now = clock()
redis.call('SET', epoch, ARGV[4], 'NX')
local last = now - 1
for _, key in ipairs({ list, forgotten }) do
  local newest = redis.call('ZREVRANGE', key, 0, 0, 'WITHSCORES')
  if newest[2] then last = math.max(last, tonumber(newest[2])) end
  redis.call('ZREMRANGEBYSCORE', key, '-inf', text(now - keep))
end
local fresh = {}
for at = 5, #ARGV do
  last = last + 1
  if not redis.call('ZSCORE', list, ARGV[at]) and not redis.call('ZSCORE', forgotten, ARGV[at]) then
    table.insert(fresh, ARGV[at])
  end
  redis.call('ZREM', isForgotten and list or forgotten, ARGV[at])
  redis.call('ZADD', isForgotten and forgotten or list, text(last), ARGV[at])
end
for _, key in ipairs({ list, forgotten, epoch }) do redis.call('PEXPIRE', key, keep) end
return { redis.call('GET', epoch), fresh }
`)

/** KEYS: as ANNOUNCE. ARGV: keep (ms), the position ('': none), a new epoch. Gives the epoch, the next position, experiments that changed, and those that were forgotten. */
export const ACTIVITY = script(
  `
local list, forgotten, epoch = KEYS[1], KEYS[2], KEYS[3]
local keep, since = tonumber(ARGV[2]), tonumber(ARGV[3])
-- Where memory is full this must still do.
if redis.call('EXISTS', epoch) == 0 then redis.call('SET', epoch, ARGV[4]) end
redis.call('PEXPIRE', epoch, keep)
local last = 0
for _, key in ipairs({ list, forgotten }) do
  local newest = redis.call('ZREVRANGE', key, 0, 0, 'WITHSCORES')
  if newest[2] then last = math.max(last, tonumber(newest[2])) end
end
local from = since and since <= last and '(' .. text(since) or '-inf'
return { redis.call('GET', epoch), text(last), redis.call('ZRANGEBYSCORE', list, from, '+inf'),
  redis.call('ZRANGEBYSCORE', forgotten, from, '+inf') }
`,
  { writes: false },
)

/**
 * Puts events of one experiment's outbox into the stream, each once, and tells the channel. Ids grow, as event-order.ts has it.
 * KEYS: stream, relayed, newest. ARGV: keep (ms), limit, channel, experiment, outbox entries. Gives the number of the last one, then 'events'
 * where the stream is gone.
 */
export const RELAY = script(`
local stream, relayed, newestKey = KEYS[1], KEYS[2], KEYS[3]
local keep, limit, channel, experiment = tonumber(ARGV[2]), ARGV[3], ARGV[4], ARGV[5]
local last = tonumber(redis.call('ZSCORE', relayed, experiment) or '0')
local newest = redis.call('GET', newestKey)
local gone = newest and redis.call('EXISTS', stream) == 0
local top = redis.call('XREVRANGE', stream, '+', '-', 'COUNT', 1)
if top[1] then newest = top[1][1] end

local function parts(id)
  local tick, number = string.match(id, '^(%d+)-(%d+)$')
  return tonumber(tick), tonumber(number)
end
for at = 6, #ARGV do
  local number, id, json = string.match(ARGV[at], '^(%d+) (%S+) (.*)$')
  if tonumber(number) > last then
    local tick, count = parts(id)
    if newest then
      local newestTick, newestCount = parts(newest)
      if tick < newestTick or (tick == newestTick and count <= newestCount) then
        local placed = text(newestTick) .. '-' .. text(newestCount + 1)
        local was = '"id":"' .. id .. '"'
        local from, to = string.find(json, was, 1, true)
        if from then json = string.sub(json, 1, from - 1) .. '"id":"' .. placed .. '"' .. string.sub(json, to + 1) end
        id = placed
      end
    end
    redis.call('XADD', stream, 'MAXLEN', limit, id, 'event', json)
    redis.call('PUBLISH', channel, json)
    newest, last = id, tonumber(number)
  end
end
redis.call('ZADD', relayed, text(last), experiment)
redis.call('ZREMRANGEBYSCORE', relayed, '-inf', text(clock() - keep))
if newest then redis.call('SET', newestKey, newest) end
for _, key in ipairs(KEYS) do redis.call('PEXPIRE', key, keep) end
if gone then return { text(last), 'events' } end
return { text(last) }
`)
