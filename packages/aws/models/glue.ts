/** The model of the operations of AWS Glue that Weir serves, from botocore 1.44.8. */
import { readFileSync } from 'node:fs'
import type { Model, Shape } from '../model.ts'

const published = JSON.parse(readFileSync(new URL('glue.json', import.meta.url), 'utf8')) as Model

/** The published patterns are Java's: a surrogate pair is one end of a range there. */
const JAVA_RANGE = '\\uD800\\uDC00-\\uDBFF\\uDFFF'
const RANGE = '\\uD800-\\uDFFF'

const readable = (shape: Shape): Shape =>
  shape.type === 'string' && shape.pattern?.includes(JAVA_RANGE)
    ? { ...shape, pattern: shape.pattern.replace(JAVA_RANGE, RANGE) }
    : shape

export const glueModel: Model = {
  ...published,
  shapes: {
    ...Object.fromEntries(Object.entries(published.shapes).map(([name, shape]) => [name, readable(shape)])),
    /** The published pattern .*\S.* refuses definitions of several lines, which AWS takes. */
    SchemaDefinitionString: { type: 'string', pattern: '[\\s\\S]*\\S[\\s\\S]*', min: 1, max: 170_000 },
  },
}
