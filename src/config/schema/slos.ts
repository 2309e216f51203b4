// slos and policies: what is promised, and when breaking the promise is told.
import { z } from 'zod'
import { SEVERITIES } from '../../model/slo.ts'
import { count, number, oneOf, text, window } from './values.ts'

/** Nearer to 1 the error budget is lost in rounding. */
const HIGHEST_OBJECTIVE = 0.999_999_999

function objective() {
  return number({ above: 0, below: 1 }, '0.999')
    .refine((given) => given <= HIGHEST_OBJECTIVE, { error: `at most ${HIGHEST_OBJECTIVE}` })
    .describe('Share of events that must be good, between 0 and 1; or upper_bound.')
}

/** One entry of slos. */
export const slo = z
  .strictObject({
    name: text().describe('Name of the SLO, unique.'),
    sli: text().describe('The SLI it is about; that SLI must say what is good or bad.'),
    objective: objective().optional(),
    upper_bound: number({ above: 0 }, '0.002')
      .optional()
      .describe('Of a ratio of two metrics with an amount, instead of objective: what the ratio must not be above.'),
    window: window().prefault('30d').describe('Window of the error budget: whole minutes from 1m to 30d.'),
    policy: text().prefault('experiment').describe('Burn-rate policy: `experiment`, `workbook`, or one of `policies`.'),
  })
  .superRefine(({ objective: share, upper_bound }, context) => {
    if ((share === undefined) === (upper_bound === undefined))
      context.addIssue({
        code: 'custom',
        path: ['objective'],
        message: 'either objective or upper_bound',
        params: { about: ['upper_bound'] },
      })
  })
  .meta({ oneOf: [{ required: ['objective'] }, { required: ['upper_bound'] }] })

const rule = z
  .strictObject({
    severity: oneOf(SEVERITIES).describe('How urgent an alert of this rule is.'),
    factor: number({ above: 0 }, '2').describe('Fires when the burn rate of both windows is at least this.'),
    long: window().describe('The long window: whole minutes up to 30d.'),
    short: window().describe(
      'The short window, shorter than the long one: lets the alert end soon after the harm does.',
    ),
    gate: oneOf(['rollback']).optional().describe('rollback: an alert of this rule speaks for rolling back.'),
  })
  .superRefine(({ long, short }, context) => {
    if (long <= short)
      context.addIssue({
        code: 'custom',
        path: ['long'],
        message: 'a window longer than `short`',
        params: { about: ['short'] },
      })
  })

/** One entry of policies. */
export const policy = z.strictObject({
  name: text().describe('Name of the policy, unique; `experiment` and `workbook` are built in.'),
  rules: z
    .array(rule)
    .min(1)
    .describe('Burn-rate rules; one alert per cohort and SLO tells the most severe that holds.'),
  min_events: count(1).prefault(50).describe('Events that the long window must hold before a rule may fire.'),
  min_bad: count(1).prefault(3).describe('Bad events that the long window must hold before a rule may fire.'),
})

export type SloConfig = z.output<typeof slo>
export type PolicyConfig = z.output<typeof policy>
