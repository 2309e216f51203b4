// JSON Schema of the configuration file, for editors.
import { z } from 'zod'
import { root } from './schema/root.ts'

/** Draft-7, with a description for every key and the defaults. Conditions between keys are not in it: `cohortd check` knows those. */
export function jsonSchema(): Record<string, unknown> {
  const schema = z.toJSONSchema(root, {
    io: 'input',
    target: 'draft-7',
    override: ({ jsonSchema: facts }) => {
      const { default: given } = facts
      const empty =
        typeof given === 'object' && given !== null && Object.keys(given).length === 0 && !Array.isArray(given)
      if (empty) delete facts.default
    },
  })
  const { $schema, ...rest } = schema
  return { $schema, title: 'cohortd configuration', ...rest }
}
