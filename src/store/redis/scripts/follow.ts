// What has changed in an experiment after a change, as of one moment; and putting right what is gone.
import { experimentScript } from './experiment.ts'

const ROWS_GONE = `
-- Whether rows of the writer are gone before their time; those of a writer that was told of already have a count of -1.
local function areRowsGone(record, key, now)
  return record.rows >= 0 and redis.call('HLEN', key) ~= record.rows and record.at and now - record.at < keep
end
`

/**
 * KEYS: rows of the writers that are named. ARGV: the position's life ('': none) and change, '' or '=' and the writer that asks, bytes that are enough,
 * '1' for all writers and alerts and for what was removed, then writers.
 * Gives ['gap'], ['lost'] (put it right), ['unknown', writers...] (name these too), or ['changes', '1' where this is all, change, life, publication, state,
 * [writer, record...], [writer, field, value...], [alert field, json or nil...], [writer, field...] removed].
 */
export const FOLLOW = experimentScript(
  `${ROWS_GONE}
local life, since, asking, budget, whole = ARGV[5], tonumber(ARGV[6]), ARGV[7], tonumber(ARGV[8]), ARGV[9] == '1'
local known = redis.call('HMGET', head, 'life', 'change', 'floor', 'state', 'stateChange', 'publication')
if not known[1] then
  if redis.call('EXISTS', writers, alerts) > 0 then return { 'lost' } end
  if life ~= '' then return { 'gap' } end
  return { 'changes', '1', '0', '', '0', false, {}, {}, {}, {} }
end
if redis.call('ZCARD', log) ~= counted('logged') or redis.call('HLEN', writers) ~= counted('writers')
  or redis.call('HLEN', alerts) ~= counted('firing') then return { 'lost' } end
local change, floor = tonumber(known[2]), tonumber(known[3] or '0')
if life ~= known[1] and life ~= '' then return { 'gap' } end
if since < floor or since > change then return { 'gap' } end

local now = clock()
local keys, states, unknown = {}, {}, { 'unknown' }
for at = 10, #ARGV do keys[ARGV[at]] = KEYS[FIRST_ROWS + at - 10] end
local all = redis.call('HGETALL', writers)
for at = 1, #all, 2 do
  local writer, record = all[at], cjson.decode(all[at + 1])
  local key = keys[writer]
  if key then
    if areRowsGone(record, key, now) then return { 'lost' } end
  elseif whole or record.change > since then table.insert(unknown, writer) end
  if whole or (record.change > since and asking ~= '=' .. writer) then
    table.insert(states, writer)
    table.insert(states, all[at + 1])
  end
end
if #unknown > 1 then return unknown end

local rows, fired, removed = {}, {}, {}
local bytes, told, isComplete = 0, since, true
local members = redis.call('ZRANGEBYSCORE', log, '(' .. text(since), '+inf', 'WITHSCORES')
for at = 1, #members, 2 do
  local member, score = members[at], tonumber(members[at + 1])
  if bytes > budget and score > told then
    isComplete = false
    break
  end
  told = score
  if string.sub(member, 1, 1) == 'a' then
    local field = string.sub(member, 2)
    table.insert(fired, field)
    table.insert(fired, redis.call('HGET', alerts, field))
  else
    local length, from = string.match(member, '^r(%d+):()')
    local writer, field = string.sub(member, from, from + length - 1), string.sub(member, from + length)
    if asking ~= '=' .. writer and keys[writer] then
      local value = redis.call('HGET', keys[writer], field)
      if value then
        table.insert(rows, writer)
        table.insert(rows, field)
        table.insert(rows, value)
        bytes = bytes + #value
      elseif whole then
        table.insert(removed, writer)
        table.insert(removed, field)
      end
    end
  end
end
if isComplete then told = change end
if whole and isComplete then fired = redis.call('HGETALL', alerts) end
local state = (whole or tonumber(known[5] or '0') > since) and known[4]
return { 'changes', isComplete and '1' or '0', text(told), known[1], known[6] or '0', state, states, rows, fired, removed }
`,
  { writes: false },
)

/** KEYS: rows of the writers that are named. ARGV: these. Gives what is gone: names of notes, and '=' and a writer for its rows. */
export const REPAIR = experimentScript(
  `${ROWS_GONE}
local now = clock()
recount()
local gone = {}
for at = 5, #ARGV do
  local known = redis.call('HGET', writers, ARGV[at])
  local record = known and cjson.decode(known)
  if record and areRowsGone(record, KEYS[FIRST_ROWS + at - 5], now) then
    table.insert(notes, '=' .. ARGV[at])
    table.insert(gone, ARGV[at])
  end
end
if #notes > 0 then
  local change = nextChange(now)
  for _, writer in ipairs(gone) do
    local record = recordOf(writer)
    record.rows, record.change = -1, change
    redis.call('HSET', writers, writer, cjson.encode(record))
  end
  changed(change, now)
end
return notes
`,
  { writes: false },
)
