// The whole configuration as one schema: the source of validation, JSON Schema and the reference page.
import { z } from 'zod'
import { DEFAULT_SLIS, DEFAULT_SLOS } from '../defaults.ts'
import { cohorts } from './cohorts.ts'
import { experiment } from './experiments.ts'
import { api, events, receivers, shutdownTimeout } from './listeners.ts'
import { ack, alerts, exporters, telemetry } from './outputs.ts'
import { sli } from './slis.ts'
import { policy, slo } from './slos.ts'
import { store } from './store.ts'

/** Sections whose value is one thing: checked as a whole. */
export const SECTIONS = {
  receivers,
  api,
  store,
  ack,
  cohorts,
  exporters,
  alerts,
  telemetry,
  events,
  shutdown_timeout: shutdownTimeout,
}

/** Sections that are lists of named things: checked entry by entry. */
export const LISTS = { slis: sli, slos: slo, policies: policy, experiments: experiment }

/** All of it, strict; its input is what stands in the file, its output what the daemon is made from. */
export const root = z.strictObject({
  receivers,
  api,
  store,
  ack,
  cohorts,
  slis: z
    .array(sli)
    .prefault(DEFAULT_SLIS as z.input<typeof sli>[])
    .describe('Service level indicators: what is counted. A list given here replaces the default one.'),
  slos: z
    .array(slo)
    .prefault(DEFAULT_SLOS)
    .describe(
      'Service level objectives. A list given here replaces the default one; a default one holds only where its SLI exists and says what is good or bad.',
    ),
  policies: z
    .array(policy)
    .prefault([])
    .describe('Burn-rate policies beside the built-in `experiment` and `workbook`.'),
  experiments: z
    .array(experiment)
    .prefault([])
    .describe('Experiments known beforehand; others are discovered from traffic.'),
  exporters,
  alerts,
  telemetry,
  events,
  shutdown_timeout: shutdownTimeout,
})
