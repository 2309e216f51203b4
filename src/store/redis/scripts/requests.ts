// Identities of requests: "<1 counted | 0 claimed> <since, ms> <writer>" by identity. Fields of a hash cannot expire, so there are two: what came
// in this window and what came in the one before; when a window is over the older is dropped as a whole.
import { experimentScript } from './experiment.ts'

export const REQUESTS = `
local function openRequests(now)
  local known = redis.call('HMGET', head, 'requests', 'requestsBefore', 'requestsSince', 'requestsAt')
  local since, at = tonumber(known[3]), tonumber(known[4])
  local isWhole = redis.call('HLEN', requests) == tonumber(known[1] or '0')
    and redis.call('HLEN', before) == tonumber(known[2] or '0')
  if at and now - at <= window and not isWhole then table.insert(notes, 'requests') end
  local isOver = not since or now - since > window
  if since and isOver then
    redis.call('UNLINK', before)
    if redis.call('EXISTS', requests) == 1 then redis.call('RENAME', requests, before) end
  end
  if isOver then redis.call('HSET', head, 'requestsSince', text(now)) end
  if isWhole and not isOver then return end
  redis.call('HSET', head, 'requests', redis.call('HLEN', requests), 'requestsBefore', redis.call('HLEN', before))
  redis.call('PEXPIRE', head, keep)
end

local function closeRequests(now)
  redis.call('HSET', head, 'requests', redis.call('HLEN', requests), 'requestsBefore', redis.call('HLEN', before),
    'requestsAt', text(now))
  if redis.call('HEXISTS', head, 'life') == 0 then redis.call('HSET', head, 'life', newLife, 'change', 0) end
  redis.call('PEXPIRE', head, keep)
  redis.call('PEXPIRE', requests, window * 2 + 600000)
  redis.call('PEXPIRE', before, window * 2 + 600000)
end

-- Whether it is counted, since when it is known, by which writer; nil: not known.
local function requestOf(identity)
  local known = redis.call('HGET', requests, identity) or redis.call('HGET', before, identity)
  if not known then return nil end
  local isCounted, since, writer = string.match(known, '^(%d) (%d+) (.*)$')
  return { counted = isCounted == '1', since = tonumber(since), writer = writer }
end

local function note(identity, isCounted, now, writer)
  redis.call('HSET', requests, identity, isCounted .. ' ' .. text(now) .. ' ' .. writer)
end
`

/** ARGV: writer, identity, claim (ms). Gives a Claim, the writer whose claim is taken over (''  where none is), then what is gone. */
export const CLAIM = experimentScript(`${REQUESTS}
local writer, identity, claimMs = ARGV[5], ARGV[6], tonumber(ARGV[7])
local now = clock()
openRequests(now)
local known = requestOf(identity)
local claim, former = 'ours', ''
if known and now < known.since + window then
  if known.counted then claim = 'counted'
  elseif known.writer ~= writer and now - known.since < claimMs then claim = 'busy'
  elseif known.writer ~= writer then former = known.writer end
end
if claim == 'ours' then note(identity, 0, now, writer) end
closeRequests(now)
return { claim, former, unpack(notes) }
`)

/** Counts requests of no experiment. ARGV: writer, identities. Gives what is gone. */
export const COUNT = experimentScript(`${REQUESTS}
local now = clock()
openRequests(now)
for at = 6, #ARGV do note(ARGV[at], 1, now, ARGV[5]) end
closeRequests(now)
return notes
`)
