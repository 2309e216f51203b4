// The memory store keeps the promises of every store.
import { MemoryStore } from '../../src/store/memory.ts'
import { describeStore, EVENT_LIMIT } from './conformance.ts'

describeStore(() => new MemoryStore({ eventLimit: EVENT_LIMIT }))
