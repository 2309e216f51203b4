// experiments: what is known beforehand of an experiment. Those that are not declared are discovered from traffic.
import { z } from 'zod'
import { duration, experimentName, number, oneOf, tagName, text, url } from './values.ts'

const guardrail = z.strictObject({
  sli: text().describe('The SLI that must not become worse.'),
  margin: number({ above: 1 }, '1.25')
    .prefault(1.25)
    .describe("Ratio of the variant's bad rate to the control's that still counts as no worse."),
})

/** One entry of the list. */
export const experiment = z.strictObject({
  id: experimentName().describe('Name of the experiment as the tags carry it, unique.'),
  hypothesis: text().optional().describe('What is expected, for people.'),
  owner: text().optional().describe('Who answers for it, for people.'),
  runbook_url: url(['http', 'https']).optional().describe('Where alerts point to.'),
  control: tagName()
    .optional()
    .describe('The variant that the others are compared with; else found by `cohorts.control`.'),
  allocation: z
    .record(z.string(), number({ above: 0 }, '0.5'))
    .optional()
    .describe(
      'Planned share of units by variant, relative to their sum; reports show it beside the share that there is.',
    ),
  guardrails: z.array(guardrail).optional().describe('SLIs that no variant may make worse.'),
  success: z
    .strictObject({
      sli: text().describe('The SLI that should move.'),
      direction: oneOf(['increase', 'decrease']).describe('Which way its good ratio should move.'),
    })
    .optional()
    .describe('What makes the experiment a success.'),
  min_duration: duration().prefault('1h').describe('No variant is promoted earlier.'),
  alpha: number({ above: 0, below: 1 }, '0.05')
    .prefault(0.05)
    .describe('Probability of ever calling a harmless variant worse.'),
})

export type ExperimentConfig = z.output<typeof experiment>
