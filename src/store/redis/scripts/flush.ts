// One flush, whole or not at all.
import { experimentScript } from './experiment.ts'
import { REQUESTS } from './requests.ts'

/**
 * KEYS: rows of the writer, then of each adopted writer. ARGV: writer, '' or '=' and its name, sequence, after, sealed minute, how many rows,
 * dropped fields, requests and adopted writers; then rows by field and value, the fields, the requests, and for each adopted writer its
 * id, how many fields, and these. Gives a FlushOutcome, then what is gone.
 */
export const FLUSH = experimentScript(`${REQUESTS}
local writer, name, sequence, after, sealed = ARGV[5], ARGV[6], tonumber(ARGV[7]), tonumber(ARGV[8]), tonumber(ARGV[9])
local rowCount, dropCount, requestCount, adoptCount = tonumber(ARGV[10]), tonumber(ARGV[11]), tonumber(ARGV[12]), tonumber(ARGV[13])
local rowsKey = KEYS[FIRST_ROWS]
local firstDrop = 14 + 2 * rowCount
local firstRequest = firstDrop + dropCount
local firstAdopted = firstRequest + requestCount
local now = clock()

recount()
local record = recordOf(writer)
if record.sequence >= sequence then return { 'written', unpack(notes) } end
if record.heir then return { 'retired', unpack(notes) } end
if record.sequence < after then return { 'lost', unpack(notes) } end
if after > 0 and redis.call('HLEN', rowsKey) ~= record.rows then return { 'lost', unpack(notes) } end
if requestCount > 0 then
  openRequests(now)
  for at = firstRequest, firstAdopted - 1 do
    local known = requestOf(ARGV[at])
    if known and known.writer ~= writer then return { 'unclaimed', unpack(notes) } end
  end
end

local change = nextChange(now)
local score = text(change)
local rows, removed, logged = {}, {}, {}
local function touch(member)
  table.insert(logged, score)
  table.insert(logged, member)
end
for at = firstDrop, firstRequest - 1 do
  table.insert(removed, ARGV[at])
  touch(rowMember(writer, ARGV[at]))
end
for at = 14, firstDrop - 2, 2 do
  table.insert(rows, ARGV[at])
  table.insert(rows, ARGV[at + 1])
  touch(rowMember(writer, ARGV[at]))
end
inPieces('HDEL', rowsKey, removed)
inPieces('HSET', rowsKey, rows)
local at = firstAdopted
for number = 1, adoptCount do
  local adopted, count = ARGV[at], tonumber(ARGV[at + 1])
  local key, fields = KEYS[FIRST_ROWS + number], {}
  for field = at + 2, at + 1 + count do
    table.insert(fields, ARGV[field])
    touch(rowMember(adopted, ARGV[field]))
  end
  inPieces('HDEL', key, fields)
  if redis.call('HEXISTS', writers, adopted) == 1 then
    local kept = recordOf(adopted)
    if kept.rows >= 0 then kept.rows = redis.call('HLEN', key) end
    redis.call('HSET', writers, adopted, cjson.encode(kept))
  end
  at = at + 2 + count
end
inPieces('ZADD', log, logged)
if requestCount > 0 then
  for number = firstRequest, firstAdopted - 1 do note(ARGV[number], 1, now, writer) end
  closeRequests(now)
end

record.sequence, record.sealed, record.change, record.at = sequence, sealed, change, now
record.rows = redis.call('HLEN', rowsKey)
if name ~= '' then record.name = string.sub(name, 2) end
redis.call('HSET', writers, writer, cjson.encode(record))
changed(change, now)
redis.call('PEXPIRE', rowsKey, keep)
return { 'written', unpack(notes) }
`)

/** Removes rows that are out of their time. KEYS: rows of the writer. ARGV: writer, then field and value as they were read, by twos. */
export const PRUNE = experimentScript(
  `
local rowsKey = KEYS[FIRST_ROWS]
local known = redis.call('HGET', writers, ARGV[5])
if not known then return 0 end
local record = cjson.decode(known)
if record.rows ~= redis.call('HLEN', rowsKey) then return 0 end
for at = 6, #ARGV - 1, 2 do
  if redis.call('HGET', rowsKey, ARGV[at]) == ARGV[at + 1] then redis.call('HDEL', rowsKey, ARGV[at]) end
end
record.rows = redis.call('HLEN', rowsKey)
redis.call('HSET', writers, ARGV[5], cjson.encode(record))
return 1
`,
  { writes: false },
)
