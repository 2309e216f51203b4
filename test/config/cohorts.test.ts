// Resource variants, units and time series: what the configuration says is what the engine gets, and nothing tells the key of units.
import { describe, expect, it } from 'vitest'
import { renderUnderstanding } from '../../src/config/explain.ts'
import { loadText, problemsOf, settingsOf } from './load-text.ts'

describe('cohorts', () => {
  it('take variants from resources', () => {
    const rules = [
      '{experiment: canary, attribute: service.version, variants: {"2.0": treatment, "1.9": control}}',
      '{experiment: pool, attribute: resource_pool}',
      '{experiment: gpu, variant: treatment, where: {node.pool: gpu, resource.zone: [a, b]}}',
    ]
    expect(settingsOf(`cohorts: {resource_variants: [${rules.join(', ')}]}`).engine.resourceVariants).toEqual([
      {
        experiment: 'canary',
        attribute: 'service.version',
        variant: null,
        variants: new Map([
          ['2.0', 'treatment'],
          ['1.9', 'control'],
        ]),
        others: 'none',
        where: null,
      },
      { experiment: 'pool', attribute: 'resource_pool', variant: null, variants: null, others: 'itself', where: null },
      expect.objectContaining({ experiment: 'gpu', attribute: null, variant: 'treatment', where: [expect.anything()] }),
    ])
  })

  it('are said to take all resources by a rule without a condition', () => {
    const notesOf = (rule: string): readonly string[] =>
      loadText(`cohorts: {resource_variants: [{experiment: gpu, variant: treatment${rule}}]}`).notes
    expect(notesOf('')).toEqual([
      'every resource is of treatment in gpu, unless something else tells its variant: the rule has no where',
    ])
    expect(notesOf(', where: {pool: gpu}')).toEqual([])
  })

  it('take versions as they are written for values of an attribute, in any order', () => {
    const hashOf = (variants: string): string =>
      settingsOf(`cohorts: {resource_variants: [{experiment: a, attribute: v, variants: {${variants}}}]}`).configHash
    const [rule] = settingsOf(
      'cohorts: {resource_variants: [{experiment: a, attribute: v, variants: {1.10: x, 2.0: y}}]}',
    ).engine.resourceVariants
    expect([...(rule.variants ?? [])]).toEqual([
      ['1.10', 'x'],
      ['2.0', 'y'],
    ])
    expect(hashOf('2.0: y, 1.10: x')).toBe(hashOf('"1.10": x, "2.0": y'))
    expect(hashOf('1.10: y, 2.0: x')).not.toBe(hashOf('1.10: x, 2.0: y'))
  })

  it('take values that are not listed for variants where they are told to', () => {
    const text = (others: string) =>
      `cohorts: {resource_variants: [{experiment: a, attribute: v, variants: {b: c}${others}}]}`
    expect(settingsOf(text('')).engine.resourceVariants[0].others).toBe('none')
    expect(settingsOf(text(', others: itself')).engine.resourceVariants[0].others).toBe('itself')
    expect(settingsOf(text(', others: control')).engine.resourceVariants[0].others).toEqual({ variant: 'control' })
    expect(settingsOf(text(', others: control')).configHash).not.toBe(settingsOf(text(', others: none')).configHash)
  })

  it('are told in sentences', () => {
    const rules = [
      '{experiment: canary, attribute: service.version, variants: {"2.0": treatment, "1.9": control}, others: itself}',
      '{experiment: gpu, variant: treatment, where: {node.pool: gpu}}',
      '{experiment: gpu, variant: control}',
      '{experiment: zone, attribute: zone, variants: {a: treatment}, others: control}',
    ]
    const page = renderUnderstanding(
      loadText(
        `cohorts: {units: {attributes: [user.id, session.id], sample: 2048}, resource_variants: [${rules.join(', ')}]}`,
      ),
    )
    for (const line of [
      'canary: of all resources, by service.version: 2.0 is treatment, 1.9 is control, its value',
      'zone: of all resources, by zone: a is treatment, anything else is control',
      'gpu: resources where node.pool is gpu are of treatment',
      'gpu: all resources are of control',
      'by user.id, else session.id, hashed; of each experiment up to 2048, else a sample',
    ])
      expect(page).toContain(`  ${line}\n`)
    expect(renderUnderstanding(loadText('cohorts: {units: {attributes: []}}'))).toMatch(/units +not looked at\n/)
  })

  it('have limits for time series', () => {
    expect(settingsOf('').engine).toMatchObject({
      unitAttributes: ['feature_flag.context.id'],
      unitKey: '',
      streams: { limit: 100_000, expiryMs: 900_000 },
      limits: { unitsPerExperiment: 65_536 },
      resourceVariants: [],
    })
    expect(settingsOf('cohorts: {limits: {streams: 7, stream_expiry: 1m}}').engine.streams).toEqual({
      limit: 7,
      expiryMs: 60_000,
    })
  })

  it('keep the key of units to themselves, and hide no attribute that is called so', () => {
    for (const [text, overrides] of [
      ['cohorts: {units: {key: 8134}}', []],
      ['cohorts: {units: {key: [hunter2]}}', []],
      ['', ['cohorts.units.key=[hunter2]']],
    ] as const)
      expect(problemsOf(text, { overrides })).toEqual([
        expect.stringMatching(/cohorts\.units\.key: found a value not shown, expected text$/),
      ])
    expect(renderUnderstanding(loadText('cohorts: {units: {key: hunter2}}'))).not.toContain('hunter2')
    expect(problemsOf('slis: [{name: a, bad_when: {key: ">=x"}}]').join('')).toContain('found ">=x"')
  })

  it('look at units as they are told to, and the key stays out of the fingerprint', () => {
    const text = (key: string) => `cohorts: {units: {attributes: [user.id], key: ${key}, sample: 2048}}`
    const { engine, configHash } = settingsOf(text('secret'))
    expect([engine.unitAttributes, engine.unitKey, engine.limits.unitsPerExperiment]).toEqual([
      ['user.id'],
      'secret',
      2048,
    ])
    expect(settingsOf(text('other')).configHash).toBe(configHash)
    const rule = (name: string) =>
      settingsOf(`cohorts: {resource_variants: [{experiment: a, attribute: v, variants: {x: ${name}}}]}`)
    expect(rule('one').configHash).not.toBe(rule('two').configHash)
  })
})
