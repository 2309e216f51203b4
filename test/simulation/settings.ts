// The configuration that all simulated replicas run with. Short windows and limits, so that minutes of virtual time bring about what takes
// days in life: minutes are sealed, folded into history and adopted.
import { SlicePlan } from '../../src/slices/plan.ts'
import { engineSettings, slo } from '../engine/settings.ts'

/** 2026-01-01T00:00:00Z. */
export const EPOCH_MS = 1_767_225_600_000

export const SETTINGS = engineSettings({
  inheritMs: 40_000,
  allowedLatenessMs: 120_000,
  allowedFutureMs: 20_000,
  retryWindowMs: 900_000,
  slos: [
    slo({
      objective: 0.9,
      windowSeconds: 21_600,
      policy: {
        name: 'simulated',
        minEvents: 12,
        minBad: 3,
        rules: [
          { severity: 'ticket', factor: 1.5, longSeconds: 3600, shortSeconds: 300, gate: null },
          { severity: 'page', factor: 4, longSeconds: 3600, shortSeconds: 300, gate: 'rollback' },
        ],
      },
    }),
  ],
})

export const SLICES = new SlicePlan({
  windowsSeconds: [300, 3600, 21_600],
  latenessSeconds: SETTINGS.allowedLatenessMs / 1000,
  futureSeconds: SETTINGS.allowedFutureMs / 1000,
  waitSeconds: SETTINGS.inheritMs / 1000,
})

export const EVENT_LIMIT = 2000
