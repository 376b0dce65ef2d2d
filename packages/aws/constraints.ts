/** The constraints of a model on values of the right type, with AWS's texts. */
import type { Shape } from './model.ts'

export interface Constraint {
  readonly text: string
  /** Its place among the constraints that are reported for the members of a list or map. */
  readonly rank: number
  /** Whether it constrains the number of members of a list or map. */
  readonly ofContainer: boolean
  fits(value: unknown): boolean
}

/**
 * AWS lists the values of an enum in the order of a hash table with this many buckets (seen in the messages
 * of Kinesis and DynamoDB).
 */
const BUCKETS = 32

/** Returns the constraints in the order in which AWS reports them for one value. */
export function constraintsOf(shape: Shape): readonly Constraint[] {
  switch (shape.type) {
    case 'string':
      return ofString(shape.pattern, shape.enum, shape.min, shape.max)
    case 'blob':
      return ofLength(shape.min, shape.max, false, (value) => (value as Buffer).length)
    case 'list':
      return ofLength(shape.min, shape.max, true, (value) => (value as readonly unknown[]).length)
    case 'map':
      return ofLength(shape.min, shape.max, true, (value) => Object.keys(value as object).length)
    case 'integer':
    case 'long':
    case 'float':
    case 'double':
      return ofNumber(shape.min, shape.max)
    default:
      return []
  }
}

function ofString(
  pattern: string | undefined,
  values: readonly string[] | undefined,
  min: number | undefined,
  max: number | undefined,
): Constraint[] {
  const found: Constraint[] = []
  if (pattern !== undefined) {
    // Only expressions with the flag u know \p{…}; they refuse escapes that other patterns have.
    const whole = new RegExp(`^(?:${pattern})$`, pattern.includes('\\p{') ? 'u' : '')
    // Some patterns are slow, so texts that are too long anyway are not matched.
    const fits = (value: unknown): boolean =>
      (max !== undefined && (value as string).length > max) || whole.test(value as string)
    found.push({
      text: `Member must satisfy regular expression pattern: ${pattern}`,
      rank: 2,
      ofContainer: false,
      fits,
    })
  }
  if (values !== undefined) {
    const known = new Set(values)
    const text = `Member must satisfy enum value set: [${hashed(values).join(', ')}]`
    found.push({ text, rank: 2, ofContainer: false, fits: (value) => known.has(value as string) })
  }
  return [...found, ...ofLength(min, max, false, (value) => (value as string).length)]
}

function ofLength(
  min: number | undefined,
  max: number | undefined,
  ofContainer: boolean,
  lengthOf: (value: unknown) => number,
): Constraint[] {
  const found: Constraint[] = []
  const [least, most] = [
    'Member must have length greater than or equal to',
    'Member must have length less than or equal to',
  ]
  if (min !== undefined)
    found.push({ text: `${least} ${min}`, rank: 1, ofContainer, fits: (value) => lengthOf(value) >= min })
  if (max !== undefined)
    found.push({ text: `${most} ${max}`, rank: 0, ofContainer, fits: (value) => lengthOf(value) <= max })
  return found
}

function ofNumber(min: number | undefined, max: number | undefined): Constraint[] {
  const found: Constraint[] = []
  const [least, most] = [
    'Member must have value greater than or equal to',
    'Member must have value less than or equal to',
  ]
  if (min !== undefined)
    found.push({
      text: `${least} ${min}`,
      rank: 1,
      ofContainer: false,
      fits: (value) => (value as number) >= min,
    })
  if (max !== undefined)
    found.push({
      text: `${most} ${max}`,
      rank: 0,
      ofContainer: false,
      fits: (value) => (value as number) <= max,
    })
  return found
}

/** Sorts by Java's String.hashCode() modulo BUCKETS; equal ones stay in the order of the model. */
function hashed(values: readonly string[]): string[] {
  const bucket = (text: string): number => {
    let hash = 0
    for (let i = 0; i < text.length; i++) hash = (Math.imul(31, hash) + text.charCodeAt(i)) | 0
    return hash & (BUCKETS - 1)
  }
  return values.toSorted((a, b) => bucket(a) - bucket(b))
}
