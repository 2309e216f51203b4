// The memory store keeps the promises of every store, alone and shared by several.
import { MemoryBackend } from '../../../src/store/memory/backend.ts'
import { MemoryStore } from '../../../src/store/memory/store.ts'
import type { StoreOptions } from '../../../src/store/port.ts'
import { describeStore, type StoreRig } from './conformance.ts'

class MemoryRig implements StoreRig {
  readonly #shared: boolean
  #backend: MemoryBackend | null = null
  #nowMs = 1_767_225_600_000

  constructor(shared: boolean) {
    this.#shared = shared
  }

  open(options: StoreOptions): MemoryStore {
    this.#backend ??= new MemoryBackend({ ...options, shared: this.#shared })
    return new MemoryStore(options, this.#backend)
  }

  now(): number {
    return this.#nowMs
  }

  advance(ms: number): void {
    this.#nowMs += ms
  }

  close(): void {
    this.#backend = null
  }
}

for (const shared of [false, true])
  describeStore(shared ? 'memory, shared' : 'memory', {
    shared,
    movesTime: true,
    makeRig: () => new MemoryRig(shared),
  })
