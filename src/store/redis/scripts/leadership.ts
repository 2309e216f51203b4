// Leases, and what only their holder may do. A token is the server's time, or one more than the last where that is not later, so it grows
// even where the lease itself was lost.
import { experimentScript } from './experiment.ts'

/** ARGV: writer, ttl (ms). Gives the token ('' where another holds it), how many events wait in the outbox. */
export const LEASE = experimentScript(`
local writer, ttl = ARGV[5], tonumber(ARGV[6])
local now = clock()
local held = redis.call('HMGET', lease, 'holder', 'token', 'until')
local token = tonumber(held[2] or '0')
if held[1] ~= writer then
  if held[1] and held[1] ~= '' and now < tonumber(held[3]) then return { '', 0 } end
  token = math.max(now, token + 1)
end
redis.call('HSET', lease, 'holder', writer, 'given', writer, 'token', text(token), 'until', text(now + ttl))
redis.call('PEXPIRE', lease, math.max(ttl * 2, 86400000))
return { text(token), redis.call('LLEN', outbox) }
`)

/** ARGV: writer. Its token stays the current one until another is given. */
export const RELEASE = experimentScript(
  `
if redis.call('HGET', lease, 'holder') == ARGV[5] then
  redis.call('HSET', lease, 'holder', '')
  redis.call('PEXPIRE', lease, 86400000)
end
return 1
`,
  { writes: false },
)

/**
 * ARGV: token, sequence, '1' for anew, '' or '=' and the state, how many alerts, how many events; alerts by field and '' or '=' and JSON, events by id and JSON.
 * Gives [PublicationOutcome, what is gone...] and what waits in the outbox, as far as it is due now.
 */
export const PUBLISH = experimentScript(`
local token, sequence, anew, state = ARGV[5], tonumber(ARGV[6]), ARGV[7] == '1', ARGV[8]
local alertCount, eventCount = tonumber(ARGV[9]), tonumber(ARGV[10])
if not isCurrent(token) then return { { 'stale' }, {} } end
recount()
local known = counted('publication')
if known >= sequence then return { { 'published', unpack(notes) }, redis.call('LRANGE', outbox, 0, 199) } end
if not anew and known < sequence - 1 then return { { 'lost', unpack(notes) }, {} } end

local now = clock()
local change = nextChange(now)
local score = text(change)
if anew then
  for _, field in ipairs(redis.call('HKEYS', alerts)) do redis.call('ZADD', log, score, 'a' .. field) end
  redis.call('DEL', alerts)
end
local firstEvent = 11 + 2 * alertCount
for at = 11, firstEvent - 2, 2 do
  redis.call('ZADD', log, score, 'a' .. ARGV[at])
  if ARGV[at + 1] == '' then redis.call('HDEL', alerts, ARGV[at])
  else redis.call('HSET', alerts, ARGV[at], string.sub(ARGV[at + 1], 2)) end
end
if state ~= '' then redis.call('HSET', head, 'state', string.sub(state, 2), 'stateChange', score) end
redis.call('HSET', head, 'publication', text(sequence))
-- Each event has a number of its own, by which it is recognised where it is relayed twice.
for at = firstEvent, firstEvent + 2 * eventCount - 2, 2 do
  if at > firstEvent then change = change + 1 end
  redis.call('RPUSH', outbox, text(change) .. ' ' .. ARGV[at] .. ' ' .. ARGV[at + 1])
end
changed(change, now)
return { { 'published', unpack(notes) }, redis.call('LRANGE', outbox, 0, 199) }
`)

/** Removes from the outbox what was relayed. ARGV: the number of the last such event ('0': none). Gives what else waits, as far as it is due now. */
export const TRIM_OUTBOX = experimentScript(
  `
local last = tonumber(ARGV[5])
local first = redis.call('LINDEX', outbox, 0)
local isWhole = redis.call('LLEN', outbox) == counted('waiting')
while first and tonumber(string.match(first, '^%d+')) <= last do
  redis.call('LPOP', outbox)
  first = redis.call('LINDEX', outbox, 0)
end
if isWhole and redis.call('EXISTS', head) == 1 then redis.call('HSET', head, 'waiting', redis.call('LLEN', outbox)) end
return redis.call('LRANGE', outbox, 0, 199)
`,
  { writes: false },
)

/** ARGV: token, writer. Gives '1' where it is given up for the holder of the token; then what is gone. */
export const RETIRE = experimentScript(`
local token, writer = ARGV[5], ARGV[6]
if not isCurrent(token) then return { '0' } end
recount()
local holder = redis.call('HGET', lease, 'given')
local record = recordOf(writer)
if record.heir and record.heir ~= holder and not recordOf(record.heir).heir then return { '0', unpack(notes) } end
local now = clock()
local change = nextChange(now)
record.heir, record.change, record.at = holder, change, record.at or now
redis.call('HSET', writers, writer, cjson.encode(record))
if redis.call('HEXISTS', writers, holder) == 0 then
  redis.call('HSET', writers, holder, cjson.encode({ sequence = 0, sealed = -1, rows = 0, change = change, at = now }))
end
-- Whoever was given up so long ago that nothing of it is left, and is nobody's heir.
local heirs, over = {}, {}
local all = redis.call('HGETALL', writers)
for at = 1, #all, 2 do
  local other = cjson.decode(all[at + 1])
  if other.heir then heirs[other.heir] = true end
  if other.heir and other.rows <= 0 and now - other.change > keep then table.insert(over, all[at]) end
end
for _, other in ipairs(over) do
  if not heirs[other] then redis.call('HDEL', writers, other) end
end
changed(change, now)
return { '1', unpack(notes) }
`)

/** KEYS: rows of the writers that are named. ARGV: token, writers. Gives '1', '0' where the token is stale, or 'unknown' and more writers to name. */
export const FORGET = experimentScript(
  `
if not isCurrent(ARGV[5]) then return { '0' } end
local named, unknown = {}, { 'unknown' }
for at = 6, #ARGV do named[ARGV[at]] = true end
for _, writer in ipairs(redis.call('HKEYS', writers)) do
  if not named[writer] then table.insert(unknown, writer) end
end
if #unknown > 1 then return unknown end
local change = nextChange(clock())
for at = FIRST_ROWS, #KEYS do redis.call('UNLINK', KEYS[at]) end
redis.call('UNLINK', writers, log, alerts)
redis.call('HDEL', head, 'state', 'stateChange', 'publication', 'logged', 'writers', 'firing')
redis.call('HSET', head, 'life', newLife, 'change', text(change), 'floor', text(change))
renew()
return { '1' }
`,
  { writes: false },
)
