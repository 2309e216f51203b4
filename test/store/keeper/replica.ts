// A replica without a daemon around it: an engine and its keeper, moved along by hand.
import { Engine } from '../../../src/engine/engine.ts'
import type { EngineEvent } from '../../../src/engine/events.ts'
import type { EngineSettings } from '../../../src/model/settings.ts'
import { turn } from '../../../src/runtime/clock.ts'
import { StateKeeper } from '../../../src/store/keeper/keeper.ts'
import type { Store } from '../../../src/store/port.ts'
import { EPOCH_MS } from '../../engine/traffic.ts'

let writers = 0

/** Time that several replicas share. */
export class SharedTime {
  nowMs = EPOCH_MS
}

export class Replica {
  readonly engine: Engine
  readonly keeper: StateKeeper<EngineEvent>

  constructor(parts: { settings: EngineSettings; store: Store; time: SharedTime }) {
    const { settings, store, time } = parts
    this.engine = new Engine(settings, time.nowMs)
    const ignore = (): void => {}
    this.keeper = new StateKeeper<EngineEvent>(
      {
        store,
        engine: this.engine,
        journal: this.engine,
        clock: { now: () => time.nowMs, monotonic: () => time.nowMs },
        wait: () => turn(),
        observer: {
          restored: ignore,
          events: ignore,
          told: ignore,
          loaded: ignore,
          flushed: ignore,
          lost: ignore,
          failed: (error) => {
            throw error
          },
        },
      },
      { durable: false, newWriterId: () => `writer ${++writers}`, name: null, eventLimit: 100 },
    )
  }

  /** Everything that was stored is here when it resolves. */
  async start(): Promise<void> {
    await this.keeper.start()
    while (!this.keeper.isLoaded) await this.tick()
  }

  /** What a daemon does now and then, until nothing of it is left to do. */
  async tick(): Promise<void> {
    this.keeper.tick()
    for (let time = 0; time < 20; time++) await turn()
  }
}
