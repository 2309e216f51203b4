// The script on a secret.
import { script } from './script.ts'

/** KEYS: the secret. ARGV: keep (ms), a proposal. Gives the secret, and 1 where it was the proposal that has become it now. */
export const SECRET = script(
  `
local kept = redis.call('GET', KEYS[1])
if not kept then redis.call('SET', KEYS[1], ARGV[3]) end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return { kept or ARGV[3], kept and 0 or 1 }
`,
  { writes: false },
)
