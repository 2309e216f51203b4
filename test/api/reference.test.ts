import { describe, expect, it } from 'vitest'
import { apiReference } from '../../src/api/api-reference.ts'
import { OPERATIONS } from '../../src/api/operations.ts'
import { SCHEMAS } from '../../src/api/schemas.ts'

describe('the API page', () => {
  it('names every call and shape, and links to none that it does not have', () => {
    const page = apiReference()
    for (const { method, path } of OPERATIONS) expect(page).toContain(`${method} ${path}`)
    const headings = new Set([...page.matchAll(/^### (\w+)$/gm)].map(([, name]) => name.toLowerCase()))
    for (const [, target] of page.matchAll(/\]\(#(\w+)\)/g)) expect(headings).toContain(target)
    expect(headings.size).toBe(Object.keys(SCHEMAS).length)
    expect(page).not.toMatch(/undefined|\[object/)
  })
})
