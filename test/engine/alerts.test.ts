import { describe, expect, test } from 'vitest'
import { scenario } from './scenario.ts'
import { slo, WORKBOOK_POLICY } from './settings.ts'

// Objective 99 %: a bad ratio of 2 % burns at 2, which pages by the policy `experiment`.
const RULES: readonly (readonly [string, string])[] = [
  [
    'a variant that fails pages at the next whole second, and nothing is told of the healthy control',
    `send 100 good 0 bad to control
     send 95 good 5 bad to treatment
     at 1s
     expect firing page treatment
     at 30s
     expect nothing`,
  ],
  [
    'a burn of exactly the factor fires, whatever binary fractions say',
    `send 98 good 2 bad to treatment
     send 49 good 1 bad to treatment
     at 1s
     expect firing page treatment`,
  ],
  [
    'a burn just below the factor of the page is a ticket',
    `send 985 good 15 bad to treatment
     at 1s
     expect firing ticket treatment`,
  ],
  [
    'fewer valid events than min_events never fire, however bad',
    `send 0 good 49 bad to treatment
     at 1s
     expect nothing
     send 0 good 1 bad to treatment
     at 2s
     expect firing page treatment`,
  ],
  [
    'fewer bad events than min_bad never fire',
    `send 48 good 2 bad to treatment
     at 1s
     expect nothing
     send 0 good 1 bad to treatment
     at 2s
     expect firing page treatment`,
  ],
  [
    'an alert escalates once and its severity never falls while it fires',
    `send 985 good 15 bad to treatment
     at 1s
     expect firing ticket treatment
     send 0 good 20 bad to treatment
     at 2s
     expect escalated page treatment
     send 1300 good 0 bad to treatment
     at 3s
     expect nothing
     send 1000 good 0 bad to treatment
     at 4s
     expect resolved page treatment recovered`,
  ],
  [
    'it resolves as recovered when no short window is at its factor any more',
    `send 95 good 5 bad to treatment
     at 1s
     expect firing page treatment
     at 2m
     send 900 good 0 bad to treatment
     at 2m1s
     expect resolved page treatment recovered`,
  ],
  [
    'it resolves for want of traffic when the short window is empty, to the second',
    `send 95 good 5 bad to treatment
     at 1s
     expect firing page treatment
     at 4m59s
     expect nothing
     at 5m
     expect resolved page treatment no_traffic`,
  ],
  [
    'a control that burns too makes the alert shared from the start, and its own never is',
    `send 90 good 10 bad to control
     send 90 good 10 bad to treatment
     at 1s
     expect firing page control
     expect firing page treatment shared`,
  ],
  [
    'a control that burns at the factor but less than half as fast is not shared',
    `send 96 good 4 bad to control
     send 90 good 10 bad to treatment
     at 1s
     expect firing page control
     expect firing page treatment`,
  ],
  [
    'shared is judged anew at every tick, and told when it changes',
    `send 100 good 0 bad to control
     send 90 good 10 bad to treatment
     at 1s
     expect firing page treatment
     send 0 good 10 bad to control
     at 2s
     expect firing page control
     expect updated page treatment shared
     at 4m
     send 1000 good 0 bad to control
     at 4m1s
     expect resolved page control recovered
     expect updated page treatment`,
  ],
  [
    'without a control nothing is shared',
    `send 90 good 10 bad to b
     send 90 good 10 bad to treatment
     at 1s
     expect firing page b
     expect firing page treatment`,
  ],
  [
    'the control is compared within the same segments',
    `send 90 good 10 bad to control of cart
     send 100 good 0 bad to control
     send 90 good 10 bad to treatment
     at 1s
     expect firing page control of cart
     expect firing page treatment`,
  ],
  [
    'a small variant that fails outright pages although the service as a whole is well',
    `send 9900 good 0 bad to control
     send 0 good 60 bad to treatment
     at 1s
     expect firing page treatment`,
  ],
  [
    'the long window is not waited for: it holds what there is',
    `send 90 good 10 bad to treatment
     at 1s
     expect firing page treatment
     expect burn treatment 1h = 10
     expect burn treatment 5m = 10`,
  ],
  [
    'an incident that comes back is a new alert',
    `send 90 good 10 bad to treatment
     at 1s
     expect firing page treatment
     at 6m
     expect resolved page treatment no_traffic
     send 90 good 10 bad to treatment
     at 6m1s
     expect firing page treatment`,
  ],
]

describe('an alert of the policy `experiment`', () => {
  test.each(RULES)('%s', (_, text) => void scenario(text))
})

describe('an alert of the policy `workbook`', () => {
  test('needs the long window too: a short burst in an hour of good traffic is no page', () => {
    scenario(
      `send 100000 good 0 bad to treatment
       at 30m
       send 50 good 50 bad to treatment
       at 30m1s
       expect nothing`,
      { slos: [slo({ objective: 0.999, policy: WORKBOOK_POLICY })] },
    )
  })

  test('tells the rule with the largest factor that holds, and stays a page when that rule lets go', () => {
    const engine = scenario(
      `send 900 good 100 bad to treatment
       at 1s
       expect firing page treatment
       at 6m
       send 1000 good 0 bad to treatment
       at 6m1s
       expect nothing`,
      { slos: [slo({ objective: 0.999, policy: WORKBOOK_POLICY })] },
    )
    expect(engine.firing().map(({ alert }) => [alert.severity, alert.rule.factor])).toEqual([['page', 6]])
  })
})
