// Scripts on one writer: that it lives, and its journal. KEYS of all: writer, journal.
import { script } from './script.ts'

/** ARGV: keep (ms). */
export const HEARD = script(`
redis.call('HSET', KEYS[1], 'heard', text(clock()))
redis.call('PEXPIRE', KEYS[1], tonumber(ARGV[2]))
return 1
`)

/**
 * Adds an entry unless it is there. ARGV: keep (ms), number, oldest needed number, bytes, JSON about its commit, writers whose journals this one
 * takes the place of.
 */
export const ADD_ENTRY = script(`
local writer, journal = KEYS[1], KEYS[2]
local keep, number, oldest = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local now = clock()
redis.call('HSET', writer, 'heard', text(now))
if #ARGV > 6 then redis.call('HSET', writer, 'replaces', cjson.encode({ unpack(ARGV, 7) })) end
if number > tonumber(redis.call('HGET', writer, 'last') or '0') then
  for _, field in ipairs(redis.call('HKEYS', journal)) do
    if tonumber(string.match(field, '^%d+')) < oldest then redis.call('HDEL', journal, field) end
  end
  redis.call('HSET', journal, ARGV[3], ARGV[5], ARGV[3] .. ':about', text(now) .. ' ' .. ARGV[6])
  redis.call('HSET', writer, 'last', ARGV[3], 'at', text(now), 'fields', redis.call('HLEN', journal))
end
redis.call('PEXPIRE', writer, keep)
redis.call('PEXPIRE', journal, keep)
return 1
`)

/** Gives how long the writer has been silent (ms), its heir ('' none), and the JSON list of writers whose journals its own has taken the place of. */
export const LOOK_AT = script(
  `
local known = redis.call('HMGET', KEYS[1], 'heard', 'heir', 'replaces')
return { text(clock() - tonumber(known[1] or '0')), known[2] or '', known[3] or '[]' }
`,
  { writes: false },
)

/**
 * Hands the journal over. ARGV: the writer that asks, the heir that was found before, retry window (ms). Gives '0' where another has taken it meanwhile;
 * else '1', '1' where some of it is gone, and [field, value...] of the journal.
 */
export const HAND_OVER = script(`
local heir = redis.call('HGET', KEYS[1], 'heir') or ''
if heir ~= ARGV[2] and heir ~= ARGV[3] then return { '0' } end
local known = redis.call('HMGET', KEYS[1], 'fields', 'at')
redis.call('HSET', KEYS[1], 'heir', ARGV[2])
redis.call('PEXPIRE', KEYS[1], tonumber(ARGV[4]) * 2)
local isYoung = known[2] and clock() - tonumber(known[2]) < tonumber(ARGV[4])
local isGone = isYoung and redis.call('HLEN', KEYS[2]) ~= tonumber(known[1])
return { '1', isGone and '1' or '0', redis.call('HGETALL', KEYS[2]), text(clock()) }
`)

/** Removes journals and what is known of their writers, which are replaced. */
export const DROP_JOURNAL = script(`
redis.call('UNLINK', KEYS[2])
redis.call('HSET', KEYS[1], 'fields', 0)
redis.call('PEXPIRE', KEYS[1], tonumber(ARGV[2]))
return 1
`)

/** KEYS: the names' writers. ARGV: keep (ms), writer, writers that are of no interest any more. Gives the other writers. */
export const NAMED = script(`
local now = clock()
redis.call('ZADD', KEYS[1], text(now), ARGV[3])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', text(now - tonumber(ARGV[2])))
for at = 4, #ARGV do redis.call('ZREM', KEYS[1], ARGV[at]) end
redis.call('PEXPIRE', KEYS[1], tonumber(ARGV[2]))
return redis.call('ZRANGE', KEYS[1], 0, -1)
`)
