// Configurations of what is counted, about a third of them right: for properties that hold whatever is asked for.
import fc from 'fast-check'

const operand = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('SERVER', '>=5', '/x/', 5, true) },
  { weight: 2, arbitrary: fc.record({ present: fc.boolean() }) },
  { weight: 1, arbitrary: fc.constantFrom(null, {}) },
)
const operands = fc.oneof({ weight: 3, arbitrary: operand }, fc.array(operand, { minLength: 1, maxLength: 2 }))
const map = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.dictionary(fc.constantFrom('a', 'b.c', 'resource.a'), operands, { minKeys: 1, maxKeys: 2 }),
  },
  fc.constantFrom({ 'span.kind': ['SERVER'] }, { 'event.name': 'done' }, { severity: '>=WARN' }, {}),
)
const condition = fc.oneof({ weight: 4, arbitrary: map }, fc.array(map, { minLength: 1, maxLength: 2 }))
const part = fc.record(
  { metric: fc.constant('m'), part: fc.constantFrom('value', 'count', 'sum'), where: condition },
  { requiredKeys: ['metric'] },
)
const measuring = {
  good_below: fc.constantFrom(0.7, 0, '300ms', 'x'),
  percentiles: fc.constantFrom([], [0.5], [5]),
}
const judging = { where: condition, bad_when: condition, ignore_when: condition }

/** An SLI over `from` with any of the keys. */
function sliFrom(from: string, keys: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<object> {
  const optional = Object.entries(keys).map(([key, value]) => [
    key,
    fc.oneof({ weight: 2, arbitrary: fc.constant(undefined) }, value),
  ])
  return fc.record({ name: fc.constant('x'), from: fc.constant(from), ...Object.fromEntries(optional) })
}

const sli = fc.oneof(
  {
    weight: 3,
    arbitrary: sliFrom('spans', {
      ...judging,
      good: condition,
      value: fc.constantFrom('duration', 'attribute:a'),
      ...measuring,
    }),
  },
  {
    weight: 3,
    arbitrary: sliFrom('metrics', { ...judging, ...measuring }).map((given) => ({ metric: 'm', ...given })),
  },
  fc.record({ name: fc.constant('x'), from: fc.constant('metrics'), numerator: part, denominator: part }),
  sliFrom('metrics', { numerator: part, denominator: part, numerator_is: fc.constantFrom('good', 'amount', 'x') }),
  {
    weight: 3,
    arbitrary: sliFrom('events', {
      ...judging,
      good: condition,
      value: fc.constantFrom('duration', 'attribute:a'),
      valid: fc.oneof(
        fc.constantFrom('exposures', 'events', 'spans'),
        fc.record({ from: fc.constantFrom('spans', 'events', 'x'), where: condition }, { requiredKeys: ['from'] }),
        condition,
      ),
      attribution: fc.oneof(
        fc.constantFrom('24h', 0, '1ms'),
        fc.record({ by: fc.constantFrom('trace', 'unit'), once_per_unit: fc.boolean() }, { requiredKeys: [] }),
      ),
    }),
  },
  { weight: 1, arbitrary: sliFrom('ingest', {}) },
)
const slo = fc.record(
  { name: fc.constant('s'), sli: fc.constant('x'), objective: fc.constant(0.9), upper_bound: fc.constantFrom(3, 0) },
  { requiredKeys: ['name', 'sli'] },
)
const resourceVariant = fc.record(
  {
    experiment: fc.constant('e'),
    attribute: fc.constantFrom('v', 'resource.v'),
    variants: fc.dictionary(fc.constantFrom('1', '2.0'), fc.constantFrom('c', 't'), { maxKeys: 2 }),
    others: fc.constantFrom('itself', 'none', 'c'),
    variant: fc.constant('t'),
    where: condition,
  },
  { requiredKeys: ['experiment'] },
)
/** Right and wrong ones, of the keys that say what is counted. */
export const configuration: fc.Arbitrary<{ readonly slis?: readonly object[]; readonly cohorts?: object }> = fc.oneof(
  fc.record({ slis: fc.tuple(sli), slos: fc.constant([]) }),
  fc.record({ slis: fc.tuple(sli), slos: fc.tuple(slo) }),
  fc.record({ cohorts: fc.record({ resource_variants: fc.tuple(resourceVariant) }) }),
  fc.record({
    cohorts: fc.record({ units: fc.record({ key: fc.constantFrom('', 'k'), sample: fc.constantFrom(1024, 5) }) }),
  }),
)
