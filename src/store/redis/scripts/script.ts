// A Lua script with what all scripts share. Every script takes the milliseconds to add to the server's clock first (0 but for tests).
// Scripts name all their keys, which share a slot, and call nothing that Redis 6.2 and Valkey do not both have.
import { createHash } from 'node:crypto'

export interface Script {
  readonly lua: string
  readonly sha: string
  /** Whether it fails where the server takes no writes. */
  readonly writes: boolean
}

const SHARED = `
local ahead = tonumber(ARGV[1])
local function clock()
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000) + ahead
end
local function text(number)
  return string.format('%.0f', number)
end
-- Calls a command with many arguments in pieces that Lua's stack can hold; arguments stay together by twos.
local function inPieces(command, key, arguments)
  for from = 1, #arguments, 1000 do
    redis.call(command, key, unpack(arguments, from, math.min(from + 999, #arguments)))
  end
end
`

export function script(body: string, { writes = true }: { readonly writes?: boolean } = {}): Script {
  const lua = `${SHARED}${body}`
  return { lua, sha: createHash('sha1').update(lua).digest('hex'), writes }
}
