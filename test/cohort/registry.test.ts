import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Cohort, CohortRegistry } from '../../src/cohort/registry.ts'
import type { ExperimentDeclaration } from '../../src/model/settings.ts'
import { cohortSettings } from './spans.ts'

function declare(id: string, control: string | null = null): ExperimentDeclaration {
  return { id, control, hypothesis: null, owner: null, runbookUrl: null, allocation: null }
}

function nameOf(cohort: Cohort | null): string | null {
  return cohort && [cohort.experiment.id, cohort.variant.name, ...cohort.segments].join('/')
}

describe('looking up a cohort', () => {
  test('the same names give the same cohort, seen at the latest time', () => {
    const registry = new CohortRegistry(cohortSettings())
    const first = registry.lookup('e', 'v', 'shop', 100)
    expect(registry.lookup('e', 'v', 'shop', 300)).toBe(first)
    expect(registry.lookup('e', 'v', 'shop', 200)).toBe(first)
    expect(first?.lastSeenMs).toBe(300)
    expect(nameOf(first)).toBe('e/v/shop')
  })

  test('any other name gives another cohort', () => {
    const registry = new CohortRegistry(cohortSettings())
    const cohorts = [
      registry.lookup('e', 'v', 'shop', 0),
      registry.lookup('e', 'v', 'cart', 0),
      registry.lookup('e', 'w', 'shop', 0),
      registry.lookup('f', 'v', 'shop', 0),
    ]
    expect(new Set(cohorts).size).toBe(4)
    expect(cohorts.map((cohort) => cohort?.ordinal)).toEqual([0, 1, 2, 3])
    expect(registry.experiment('e')?.cohortCount).toBe(3)
  })

  test('several segments are values by position', () => {
    const registry = new CohortRegistry(cohortSettings({}, { segments: ['service.name', 'region'] }))
    expect(registry.lookup('e', 'v', 'shop\u0000eu', 0)?.segments).toEqual(['shop', 'eu'])
  })

  test('iteration is in the order of first sight, declared experiments first', () => {
    const registry = new CohortRegistry(cohortSettings({}, { experiments: [declare('z')] }))
    for (const [experiment, variant] of [
      ['b', '1'],
      ['a', '1'],
      ['z', '1'],
      ['b', '0'],
      ['b', '1'],
    ] as const) {
      registry.lookup(experiment, variant, 'shop', 0)
    }
    expect(cohortsOf(registry).map(nameOf)).toEqual(['z/1/shop', 'b/1/shop', 'b/0/shop', 'a/1/shop'])
  })
})

describe('past a limit', () => {
  test('segments go to _other_ of their own variant, also in a variant that comes later', () => {
    const registry = new CohortRegistry(cohortSettings({ cohortsPerExperiment: 2 }))
    const at = (variant: string, segment: string): string | null => nameOf(registry.lookup('e', variant, segment, 0))
    expect([at('a', 's1'), at('a', 's2'), at('a', 's3'), at('b', 's1'), at('a', 's1'), at('b', 's4')]).toEqual([
      'e/a/s1',
      'e/a/s2',
      'e/a/_other_',
      'e/b/_other_',
      'e/a/s1',
      'e/b/_other_',
    ])
    expect(registry.overflow).toEqual({ segments: 3, variants: 0, experiments: 0, idleExperiments: 0 })
    expect(registry.experiment('e')?.overflow).toEqual({ segments: 3, variants: 0 })
  })

  test('every segment of the overflow cohort is _other_', () => {
    const settings = cohortSettings({ cohortsPerExperiment: 0 }, { segments: ['service.name', 'region'] })
    expect(new CohortRegistry(settings).lookup('e', 'v', 'shop\u0000eu', 0)?.segments).toEqual(['_other_', '_other_'])
  })

  test('variants go to _other_ of their experiment, still by segment', () => {
    const registry = new CohortRegistry(cohortSettings({ variantsPerExperiment: 2 }))
    const at = (variant: string, segment: string): string | null => nameOf(registry.lookup('e', variant, segment, 0))
    expect([at('a', 's'), at('b', 's'), at('c', 's'), at('d', 't'), at('a', 't')]).toEqual([
      'e/a/s',
      'e/b/s',
      'e/_other_/s',
      'e/_other_/t',
      'e/a/t',
    ])
    expect(registry.overflow).toEqual({ segments: 0, variants: 2, experiments: 0, idleExperiments: 0 })
  })

  test('a new experiment is refused and those known go on', () => {
    const registry = new CohortRegistry(cohortSettings({ experiments: 1 }))
    expect(nameOf(registry.lookup('e', 'v', 's', 0))).toBe('e/v/s')
    expect(registry.lookup('f', 'v', 's', 0)).toBeNull()
    expect(nameOf(registry.lookup('e', 'w', 's', 0))).toBe('e/w/s')
    expect(registry.overflow).toEqual({ segments: 0, variants: 0, experiments: 1, idleExperiments: 0 })
    expect(registry.experiment('f')).toBeNull()
  })

  test('a noisy experiment takes no room from another', () => {
    const registry = new CohortRegistry(cohortSettings({ cohortsPerExperiment: 3, variantsPerExperiment: 2 }))
    for (let at = 0; at < 50; at++) registry.lookup('noisy', `v${at}`, `s${at}`, 0)
    expect(nameOf(registry.lookup('quiet', 'v', 's', 0))).toBe('quiet/v/s')
  })

  test('_other_ named by a tag is simply that variant and no overflow', () => {
    const registry = new CohortRegistry(cohortSettings({ variantsPerExperiment: 1 }))
    expect(nameOf(registry.lookup('e', '_other_', 's', 0))).toBe('e/_other_/s')
    expect(nameOf(registry.lookup('e', 'a', 's', 0))).toBe('e/a/s')
    expect(nameOf(registry.lookup('e', 'b', 's', 0))).toBe('e/_other_/s')
    expect(nameOf(registry.lookup('e', '_other_', '_other_', 0))).toBe('e/_other_/_other_')
    expect(registry.overflow).toEqual({ segments: 0, variants: 1, experiments: 0, idleExperiments: 0 })
  })

  test('without segments each variant has its one cohort', () => {
    const registry = new CohortRegistry(cohortSettings({ cohortsPerExperiment: 1 }, { segments: [] }))
    expect(nameOf(registry.lookup('e', 'a', '', 0))).toBe('e/a')
    expect(nameOf(registry.lookup('e', 'b', '', 0))).toBe('e/b')
    expect(registry.overflow.segments).toBe(0)
  })
})

describe('declared experiments', () => {
  test('are known before any traffic, since the start', () => {
    const registry = new CohortRegistry(cohortSettings({}, { experiments: [declare('e')] }), 77)
    expect(registry.experiment('e')).toMatchObject({ id: 'e', discoveredMs: 77, cohortCount: 0, seen: false })
    registry.lookup('e', 'v', 's', 500)
    registry.lookup('e', 'v', 't', 600)
    expect(registry.experiment('e')).toMatchObject({ discoveredMs: 500, seen: true })
  })

  test('count within the limit', () => {
    const registry = new CohortRegistry(cohortSettings({ experiments: 2 }, { experiments: [declare('e')] }))
    expect(registry.lookup('f', 'v', 's', 0)).not.toBeNull()
    expect(registry.lookup('g', 'v', 's', 0)).toBeNull()
    expect(registry.lookup('e', 'v', 's', 0)).not.toBeNull()
  })

  test('stay known when removed, as if never seen', () => {
    const registry = new CohortRegistry(cohortSettings({}, { experiments: [declare('e')] }), 77)
    registry.lookup('e', 'v', 's', 500)
    registry.removeExperiment(registry.experiment('e')!)
    expect(registry.experiment('e')).toMatchObject({ discoveredMs: 77, cohortCount: 0, seen: false })
    expect(cohortsOf(registry)).toEqual([])
  })
})

function cohortsOf(registry: CohortRegistry): Cohort[] {
  return [...registry.experiments()].flatMap((experiment) => [...experiment.cohorts()])
}

function lookup(registry: CohortRegistry, variant: string, segment = 's'): Cohort {
  return registry.lookup('e', variant, segment, 0)!
}

describe('the control', () => {
  test('is the declared one, and none while that was not seen', () => {
    const registry = new CohortRegistry(cohortSettings({}, { experiments: [declare('e', 'old')] }))
    const treatment = lookup(registry, 'new')
    lookup(registry, 'control')
    expect(treatment.control()).toBeNull()
    const old = lookup(registry, 'old')
    expect(treatment.control()).toBe(old)
  })

  test('is the first configured name that is a variant', () => {
    const registry = new CohortRegistry(cohortSettings())
    const treatment = lookup(registry, 'treatment')
    expect(treatment.experiment.control()).toBeNull()
    const baseline = lookup(registry, 'baseline')
    expect(treatment.control()).toBe(baseline)
    const control = lookup(registry, 'control')
    expect(treatment.control()).toBe(control)
    expect(baseline.control()).toBe(control)
    expect(treatment.experiment.control()?.name).toBe('control')
  })

  test('is null for the control itself', () => {
    const registry = new CohortRegistry(cohortSettings())
    expect(lookup(registry, 'control').control()).toBeNull()
  })

  test('has the same segments, and comes and goes with its cohort', () => {
    const registry = new CohortRegistry(cohortSettings())
    const treatment = lookup(registry, 'treatment', 'shop')
    lookup(registry, 'control', 'cart')
    expect(treatment.control()).toBeNull()
    const control = lookup(registry, 'control', 'shop')
    expect(treatment.control()).toBe(control)
    registry.remove(control)
    expect(treatment.control()).toBeNull()
  })

  test('of what is past the limit is what is past the limit', () => {
    const registry = new CohortRegistry(cohortSettings({ cohortsPerExperiment: 0 }))
    const treatment = lookup(registry, 'treatment', 'shop')
    const control = lookup(registry, 'control', 'cart')
    expect(treatment.control()).toBe(control)
  })
})

describe('removal', () => {
  test('gives the ordinal, and room within the limit, to another cohort', () => {
    const registry = new CohortRegistry(cohortSettings({ cohortsPerExperiment: 2 }))
    const first = registry.lookup('e', 'v', 's1', 0)!
    registry.lookup('e', 'v', 's2', 0)
    registry.remove(first)
    expect(registry.cohortAt(first.ordinal)).toBeUndefined()
    const third = registry.lookup('e', 'v', 's3', 0)!
    expect(nameOf(third)).toBe('e/v/s3')
    expect(third.ordinal).toBe(first.ordinal)
    expect(registry.cohortAt(third.ordinal)).toBe(third)
  })

  test('of the overflow cohort gives no room', () => {
    const registry = new CohortRegistry(cohortSettings({ cohortsPerExperiment: 1 }))
    registry.lookup('e', 'v', 's1', 0)
    registry.remove(registry.lookup('e', 'v', 's2', 0)!)
    expect(nameOf(registry.lookup('e', 'v', 's3', 0))).toBe('e/v/_other_')
  })

  test('of the last cohort takes the variant, not the experiment', () => {
    const registry = new CohortRegistry(cohortSettings())
    registry.remove(registry.lookup('e', 'v', 's', 0)!)
    expect([...(registry.experiment('e')?.variants.keys() ?? ['gone'])]).toEqual([])
  })

  test('twice does nothing more', () => {
    const registry = new CohortRegistry(cohortSettings())
    const old = registry.lookup('e', 'v', 's', 0)!
    registry.remove(old)
    const fresh = registry.lookup('e', 'v', 's', 0)!
    registry.remove(old)
    expect(registry.cohortAt(fresh.ordinal)).toBe(fresh)
    expect(registry.experiment('e')?.cohortCount).toBe(1)
  })

  test('of an experiment takes all its cohorts and gives its room', () => {
    const registry = new CohortRegistry(cohortSettings({ experiments: 1 }))
    registry.lookup('e', 'v', 's', 0)
    registry.lookup('e', 'w', 's', 0)
    registry.removeExperiment(registry.experiment('e')!)
    expect(registry.experiment('e')).toBeNull()
    expect(nameOf(registry.lookup('f', 'v', 's', 3))).toBe('f/v/s')
  })
})

describe('restoring', () => {
  const remembered = { experiment: 'e', variant: 'v', segmentKey: 's', lastSeenMs: 50 }

  test('keeps the times', () => {
    const registry = new CohortRegistry(cohortSettings({}, { experiments: [declare('d')] }), 900)
    expect(registry.restoreExperiment('e', 10)).toBe(true)
    expect(registry.restoreExperiment('d', 20)).toBe(true)
    expect(nameOf(registry.restore(remembered))).toBe('e/v/s')
    expect(registry.lookup('e', 'v', 's', 40)?.lastSeenMs).toBe(50)
    expect(registry.experiment('e')?.discoveredMs).toBe(10)
    registry.lookup('d', 'v', 's', 1000)
    expect(registry.experiment('d')?.discoveredMs).toBe(20)
  })

  test('of a cohort alone brings its experiment', () => {
    const registry = new CohortRegistry(cohortSettings())
    registry.restore(remembered)
    expect(registry.experiment('e')?.discoveredMs).toBe(50)
  })

  test('keeps to the limits without counting overflow', () => {
    const registry = new CohortRegistry(
      cohortSettings({ experiments: 1, cohortsPerExperiment: 1, variantsPerExperiment: 1 }),
    )
    registry.restore(remembered)
    expect(nameOf(registry.restore({ ...remembered, segmentKey: 't' }))).toBe('e/v/_other_')
    expect(nameOf(registry.restore({ ...remembered, variant: 'w' }))).toBe('e/_other_/_other_')
    expect(registry.restore({ ...remembered, experiment: 'f' })).toBeNull()
    expect(registry.restoreExperiment('f', 0)).toBe(false)
    expect(registry.overflow).toEqual({ segments: 0, variants: 0, experiments: 0, idleExperiments: 0 })
  })
})

test('whatever comes and goes, ordinals are dense and distinct, counts are true and limits hold', () => {
  const name = fc.integer({ min: 0, max: 5 }).map(String)
  const step = fc.record({ experiment: name, variant: name, segment: name, remove: fc.boolean() })
  const limits = { experiments: 3, variantsPerExperiment: 2, cohortsPerExperiment: 4 }
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const registry = new CohortRegistry(cohortSettings(limits))
      let most = 0
      let highest = -1
      for (const { experiment, variant, segment, remove } of steps) {
        const cohort = registry.lookup(experiment, variant, segment, 0)
        highest = Math.max(highest, cohort?.ordinal ?? -1)
        if (remove && cohort !== null) registry.remove(cohort)
        const cohorts = cohortsOf(registry)
        most = Math.max(most, cohorts.length + 1)
        expect(new Set(cohorts.map(({ ordinal }) => ordinal)).size).toBe(cohorts.length)
        for (const known of cohorts) expect(registry.cohortAt(known.ordinal)).toBe(known)
      }
      expect(highest + 1).toBeLessThanOrEqual(most)
      for (const experiment of registry.experiments()) {
        const cohorts = [...experiment.cohorts()]
        expect(experiment.cohortCount).toBe(cohorts.length)
        expect(cohorts.filter(({ segmentKey }) => segmentKey !== '_other_').length).toBeLessThanOrEqual(4)
        expect([...experiment.variants.keys()].filter((key) => key !== '_other_').length).toBeLessThanOrEqual(2)
      }
      expect([...registry.experiments()].length).toBeLessThanOrEqual(3)
    }),
  )
})
