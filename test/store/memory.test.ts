// The memory store keeps the promises of every store.
import { MemoryStore } from '../../src/store/memory.ts'
import { EVENT_LIMIT, describeStore } from './conformance.ts'

describeStore(() => new MemoryStore({ eventLimit: EVENT_LIMIT }))
