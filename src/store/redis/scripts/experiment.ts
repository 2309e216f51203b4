// What the scripts on one experiment share: its keys, how changes are numbered, and how it is noticed that something is gone.
//
// A change's number is the server's time in milliseconds, or one more than the last where that is not later: it grows even where the
// last one was lost. The log (a sorted set) holds for each row and alert the change that touched it last, so that followers
// find what is new without reading the rest. It is cut to the last minutes; 'floor' is the newest change that was cut away.
//
// Any of these keys can vanish (evicted, removed by hand, a failover). So the head counts the members of the others, each
// writer's record counts its rows, and every script compares before it writes: what does not add up is told once, and the count corrected.
import { type Script, script } from './script.ts'

const EXPERIMENT = `
local head, writers, log, alerts, outbox, lease, requests, before =
  KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6], KEYS[7], KEYS[8]
local FIRST_ROWS = 9
local keep, window, newLife = tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4]
local LOG_MS = 300000
local notes = {}

local function recordOf(writer)
  local known = redis.call('HGET', writers, writer)
  return known and cjson.decode(known) or { sequence = 0, sealed = -1, rows = 0 }
end

local function rowMember(writer, field)
  return 'r' .. #writer .. ':' .. writer .. field
end

local function counted(name)
  return tonumber(redis.call('HGET', head, name) or '0')
end

-- Notes what is gone of the experiment and goes on with what is left. Followers have a gap then.
local function recount()
  if redis.call('EXISTS', head) == 0 then
    if redis.call('EXISTS', writers, alerts) == 0 then return end
    table.insert(notes, 'head')
    redis.call('HSET', head, 'life', newLife, 'change', text(clock()))
  else
    if redis.call('ZCARD', log) ~= counted('logged') then table.insert(notes, 'log') end
    if redis.call('HLEN', writers) ~= counted('writers') then table.insert(notes, 'writers') end
    if redis.call('LLEN', outbox) ~= counted('waiting') then table.insert(notes, 'outbox') end
    if redis.call('HLEN', alerts) ~= counted('firing') then
      table.insert(notes, 'alerts')
      -- Whoever leads is told at its next publication, and makes it anew.
      redis.call('HSET', head, 'publication', math.max(0, counted('publication') - 1))
    end
    if #notes == 0 then return end
  end
  local change = redis.call('HGET', head, 'change')
  if change then redis.call('HSET', head, 'floor', change) end
  redis.call('HSET', head, 'logged', redis.call('ZCARD', log), 'writers', redis.call('HLEN', writers),
    'waiting', redis.call('LLEN', outbox), 'firing', redis.call('HLEN', alerts))
  redis.call('PEXPIRE', head, keep)
end

-- The number of the change that is being made.
local function nextChange(now)
  local known = redis.call('HMGET', head, 'life', 'change')
  if not known[1] then redis.call('HSET', head, 'life', newLife) end
  return math.max(now, tonumber(known[2] or '0') + 1)
end

local function renew(...)
  for _, key in ipairs({ head, writers, log, alerts, outbox, ... }) do redis.call('PEXPIRE', key, keep) end
end

-- The end of every change.
local function changed(change, now)
  local cut = redis.call('ZREVRANGEBYSCORE', log, '(' .. text(now - LOG_MS), '-inf', 'WITHSCORES', 'LIMIT', 0, 1)
  if cut[2] then
    redis.call('HSET', head, 'floor', cut[2])
    redis.call('ZREMRANGEBYSCORE', log, '-inf', '(' .. text(now - LOG_MS))
  end
  redis.call('HSET', head, 'change', text(change), 'logged', redis.call('ZCARD', log),
    'writers', redis.call('HLEN', writers), 'firing', redis.call('HLEN', alerts), 'waiting', redis.call('LLEN', outbox))
  renew()
end

local function isCurrent(token)
  return redis.call('HGET', lease, 'token') == token
end
`

/** A script that takes the keys of one experiment and ARGV: ahead, keep (ms), retry window (ms), a new life; its own from 5 on. */
export function experimentScript(body: string, options: { readonly writes?: boolean } = {}): Script {
  return script(`${EXPERIMENT}${body}`, options)
}
