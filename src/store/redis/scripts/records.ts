// Records of one kind. KEYS of all: the records, their count. A count that does not fit tells that some are gone.
import { script } from './script.ts'

const RECORDS = `
local records, count = KEYS[1], KEYS[2]
local keep = tonumber(ARGV[2])
local known = redis.call('GET', count)
local isGone = known and tonumber(known) ~= redis.call('HLEN', records)
local function close()
  if isGone or not known or tonumber(known) ~= redis.call('HLEN', records) then
    redis.call('SET', count, redis.call('HLEN', records))
  end
  redis.call('PEXPIRE', count, keep)
  redis.call('PEXPIRE', records, keep)
end
`

/** ARGV: keep (ms), then id and value, by twos. Gives 1 where some are gone. */
export const PUT = script(`${RECORDS}
for at = 3, #ARGV, 2 do redis.call('HSET', records, ARGV[at], ARGV[at + 1]) end
close()
return isGone and 1 or 0
`)

/** ARGV: keep (ms), ids. Gives 1 where some are gone. */
export const DELETE = script(
  `${RECORDS}
for at = 3, #ARGV do redis.call('HDEL', records, ARGV[at]) end
close()
return isGone and 1 or 0
`,
  { writes: false },
)

/** ARGV: keep (ms). Gives 1 where some are gone, and [id, value...]. */
export const READ = script(
  `${RECORDS}
local all = redis.call('HGETALL', records)
close()
return { isGone and 1 or 0, all }
`,
  { writes: false },
)

/** Renews the time of all. ARGV: keep (ms). */
export const RENEW = script(
  `${RECORDS}
redis.call('PEXPIRE', count, keep)
redis.call('PEXPIRE', records, keep)
return 1
`,
  { writes: false },
)

/** Removes records whose time is over, unless they were put again meanwhile. ARGV: keep (ms), id and value, by twos. */
export const EXPIRE = script(
  `${RECORDS}
for at = 3, #ARGV - 1, 2 do
  if redis.call('HGET', records, ARGV[at]) == ARGV[at + 1] then redis.call('HDEL', records, ARGV[at]) end
end
if not isGone then close() end
return 1
`,
  { writes: false },
)
