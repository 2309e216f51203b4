// Stores that break one rule of the port each, so that it can be seen that the simulation notices.
import type { Claim, Commit, FlushOutcome, Store } from '../../src/store/port.ts'
import type { Tampering } from './world.ts'

/** Everything else as the store does it. */
function changed(store: Store, changes: Partial<Store>): Store {
  return new Proxy(store, {
    get: (target, name: keyof Store) => {
      const value = changes[name] ?? target[name]
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

type CommitOf = (store: Store, commit: Commit) => Promise<FlushOutcome[]>

function committing(commitOf: () => CommitOf): Tampering {
  return (store) => {
    const commit = commitOf()
    return changed(store, { commit: (one) => commit(store, one) })
  }
}

/** Writes the rows of the flush before once more, over the new ones. */
export const writesOldRows: Tampering = committing(() => {
  const earlier = new Map<string, Commit['flushes'][number]['rows']>()
  return (store, commit) => {
    const flushes = commit.flushes.map((flush) => {
      const before = earlier.get(flush.experiment) ?? []
      earlier.set(flush.experiment, flush.rows)
      const old = before.filter((row) =>
        flush.rows.some(
          (now) => now.slice === row.slice && now.variant === row.variant && now.segmentKey === row.segmentKey,
        ),
      )
      return { ...flush, rows: [...flush.rows, ...old] }
    })
    return store.commit({ ...commit, flushes })
  }
})

/** Leaves out rows of every third commit. */
export const forgetsRows: Tampering = committing(() => {
  let commits = 0
  return (store, commit) =>
    store.commit(
      ++commits % 3 === 0 ? { ...commit, flushes: commit.flushes.map((flush) => ({ ...flush, rows: [] })) } : commit,
    )
})

/** Gives every claim to whoever asks, and does not look at them at a commit. */
export const givesAllClaims: Tampering = (store) =>
  changed(store, {
    claim: async (_writer, _identity, experiments): Promise<Claim[]> => experiments.map(() => 'ours'),
    commit: (commit) =>
      store.commit({ ...commit, requests: [], flushes: commit.flushes.map((flush) => ({ ...flush, requests: [] })) }),
  })

/** Says of every third publication that it is written, and does not write it. */
export const tellsOfUnwritten: Tampering = (store) => {
  let publications = 0
  return changed(store, {
    publish: async (publication) => (++publications % 3 === 0 ? 'published' : await store.publish(publication)),
  })
}
