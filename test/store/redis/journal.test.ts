// A writer that dies between its journal and the note that the requests in it are counted: they are, with the journal.
import { describe, expect, test } from 'vitest'
import type { Store } from '../../../src/store/port.ts'
import { CLAIM_MS, commitOf } from '../port/stand.ts'
import { usePrivateServer } from './private-server.ts'

const home = usePrivateServer()
const { stand } = home

/** w1 claims the request, writes it into its journal, and dies. */
async function dieAfterJournal(store: Store): Promise<void> {
  await store.leftJournal('w1', 'one')
  await store.claim('w1', 'r1', [''])
  await store.commit(
    commitOf([], { writer: 'w1', journal: { number: 1, bytes: Uint8Array.of(1), oldestNeeded: 1 }, requests: ['r1'] }),
  )
  const requests = `${home.rig.settings.keyPrefix}:{exp:}:requests`
  const note = await home.redis.hget(requests, 'r1')
  expect(note).toMatch(/^1 \d+ w1$/)
  await home.redis.hset(requests, 'r1', note!.replace('1', '0'))
}

describe('a request that is in a journal and not noted as counted', () => {
  test('is counted as soon as the journal is handed over', async () => {
    const store = await stand.open()
    await dieAfterJournal(store)
    expect(await store.claim('w3', 'r1', [''])).toEqual(['busy'])
    expect(await store.leftJournal('w2', 'one')).toHaveLength(1)
    expect(await store.claim('w3', 'r1', [''])).toEqual(['counted'])
  })

  test('is counted for whoever takes over the claim', async () => {
    const store = await stand.open()
    await dieAfterJournal(store)
    await stand.advance(CLAIM_MS + 1000)
    expect(await store.claim('w3', 'r1', [''])).toEqual(['counted'])
    expect(await store.claim('w3', 'r2', [''])).toEqual(['ours'])
  })
})
