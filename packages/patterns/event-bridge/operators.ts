/** The contents of a pattern's arrays: values, and objects with one operator each. */
import { PatternError } from '../errors.ts'
import { compileCidr } from '../ip.ts'
import {
  addresses,
  endsWith,
  equalsIgnoringCase,
  fold,
  LeafBuilder,
  noneOf,
  STEPS_OF_MATCHER,
  startsWith,
} from '../matchers.ts'
import type { Leaf, Matcher, Scalar } from '../plan.ts'
import { compileWildcard } from '../wildcard.ts'
import { isTooComplex } from './complexity.ts'

/**
 * Compiles an array of a pattern; `where` is its place, such as detail.state, for error messages. Throws a
 * PatternError.
 */
export function compileLeaf(alternatives: readonly unknown[], where: string): Leaf {
  if (alternatives.length === 0)
    throw new PatternError(`${where} is an empty array; give at least one value, or leave the field out.`)
  const leaf = new LeafBuilder()
  const wildcards: string[] = []
  alternatives.forEach((alternative, index) => {
    const place = `${where}[${index}]`
    if (Array.isArray(alternative))
      throw new PatternError(`${place} is an array inside an array; list its values beside the others.`)
    if (typeof alternative === 'object' && alternative !== null) {
      const { operator, operand, at } = only(alternative, place)
      if (operator === 'exists' && operand === false) leaf.allowAbsence()
      else leaf.add(compileOperator(operator, operand, at, wildcards))
    } else {
      leaf.addValue(alternative as Scalar)
    }
  })
  if (wildcards.length > 0 && isTooComplex(wildcards)) throw new PatternError(`${where}: ${TOO_COMPLEX}`)
  return leaf.build()
}

/** EventBridge's text. */
const TOO_COMPLEX =
  'Rule is too complex - try using fewer wildcard characters or fewer repeating character sequences ' +
  'after a wildcard character'

function compileOperator(operator: string, operand: unknown, at: string, wildcards: string[]): Matcher {
  switch (operator) {
    case 'exactly':
      return equals(text(operand, at))
    case 'exists':
      if (operand !== true) throw new PatternError(`${at} must be true or false.`)
      return () => true
    case 'prefix':
      return affix(operand, at, startsWith, start)
    case 'suffix':
      return affix(operand, at, endsWith, end)
    case 'equals-ignore-case':
      return equalsIgnoringCase(text(operand, at))
    case 'wildcard':
      return wildcard(text(operand, at), at, wildcards)
    case 'cidr':
      return addresses(explained(at, () => compileCidr(text(operand, at))))
    case 'numeric':
      return numeric(operand, at)
    case 'anything-but':
      return anythingBut(operand, at, wildcards)
    default:
      throw new PatternError(
        `${at} is not an operator; use one of prefix, suffix, equals-ignore-case, wildcard, anything-but, numeric, exists or cidr.`,
      )
  }
}

const start = (value: string, length: number): string => value.slice(0, length)
const end = (value: string, length: number): string => value.slice(Math.max(0, value.length - length))

/**
 * Compiles prefix and suffix: a text, or { "equals-ignore-case": text }.
 * @param cut returns the `length` characters of a value that decide
 */
function affix(operand: unknown, at: string, compile: (part: string) => Matcher, cut: typeof start): Matcher {
  if (typeof operand !== 'object' || operand === null) return compile(text(operand, at))
  const inner = only(operand, at)
  if (inner.operator !== 'equals-ignore-case')
    throw new PatternError(
      `${inner.at} is not allowed here; ${at} takes a string or { "equals-ignore-case": text }.`,
    )
  const part = fold(text(inner.operand, inner.at))
  const matches = compile(part)
  return (value, work) => typeof value === 'string' && matches(fold(cut(value, part.length)), work)
}

const COMPARISONS: Readonly<Record<string, (value: number, bound: number) => boolean>> = {
  '=': (value, bound) => value === bound,
  '<': (value, bound) => value < bound,
  '<=': (value, bound) => value <= bound,
  '>': (value, bound) => value > bound,
  '>=': (value, bound) => value >= bound,
}

/** One comparison, or a range: a lower bound, then an upper one. */
function numeric(operand: unknown, at: string): Matcher {
  if (!Array.isArray(operand)) throw new PatternError(`${at} must be an array such as [">", 0, "<=", 5].`)
  if (operand.length !== 2 && operand.length !== 4)
    throw new PatternError(`${at} has ${operand.length} members; give one comparison (2) or a range (4).`)
  const comparison = (index: number): ((value: number) => boolean) => {
    const operator: unknown = operand[index]
    const bound: unknown = operand[index + 1]
    if (typeof operator !== 'string' || !Object.hasOwn(COMPARISONS, operator)) {
      throw new PatternError(`${at}[${index}] must be one of "=", "<", "<=", ">" and ">=".`)
    }
    if (typeof bound !== 'number' || !Number.isFinite(bound))
      throw new PatternError(`${at}[${index + 1}] must be a number.`)
    const holds = COMPARISONS[operator]
    return (value) => holds(value, bound)
  }
  const lower = comparison(0)
  if (operand.length === 2) return (value) => typeof value === 'number' && lower(value)
  const upper = comparison(2)
  if (!String(operand[0]).startsWith('>') || !String(operand[2]).startsWith('<')) {
    throw new PatternError(`${at} must give its lower bound (> or >=) before its upper bound (< or <=).`)
  }
  if (!(operand[1] < operand[3]))
    throw new PatternError(`${at} matches no number; its lower bound must be less than its upper bound.`)
  return (value) => typeof value === 'number' && lower(value) && upper(value)
}

/**
 * Matches any value but these; an absent field has no value. Texts never equal numbers, so anything but a
 * text matches every number.
 */
function anythingBut(operand: unknown, at: string, wildcards: string[]): Matcher {
  if (typeof operand === 'object' && operand !== null && !Array.isArray(operand)) {
    const inner = only(operand, at)
    const compile = NEGATABLE[inner.operator]
    if (!compile)
      throw new PatternError(
        `${inner.at} is not allowed here; anything-but takes values, prefix, suffix, equals-ignore-case or wildcard.`,
      )
    const matchers = list(inner.operand, inner.at).map((member, index) => {
      const place = Array.isArray(inner.operand) ? `${inner.at}[${index}]` : inner.at
      return compile(text(member, place), place, wildcards)
    })
    return (value, work) => {
      work.count(STEPS_OF_MATCHER * matchers.length)
      return !matchers.some((matcher) => matcher(value, work))
    }
  }
  const values = list(operand, at)
  const kind = typeof values[0]
  if ((kind !== 'string' && kind !== 'number') || values.some((value) => typeof value !== kind)) {
    throw new PatternError(`${at} must have only strings or only numbers.`)
  }
  return noneOf(new Set(values))
}

const NEGATABLE: Readonly<
  Record<string, ((operand: string, at: string, wildcards: string[]) => Matcher) | undefined>
> = {
  __proto__: null as never,
  prefix: (part, at) => startsWith(notEmpty(part, at)),
  suffix: (part, at) => endsWith(notEmpty(part, at)),
  'equals-ignore-case': (operand) => equalsIgnoringCase(operand),
  wildcard,
}

/** Every text starts and ends with the empty text, so anything but that would match nothing. */
function notEmpty(part: string, at: string): string {
  if (part !== '') return part
  throw new PatternError(
    `${at} is empty, and every string starts and ends with the empty string; give at least one character.`,
  )
}

function wildcard(operand: string, at: string, wildcards: string[]): Matcher {
  const matches = explained(at, () => compileWildcard(operand))
  wildcards.push(operand)
  return (value, work) => typeof value === 'string' && matches(value, work)
}

const equals =
  (operand: string): Matcher =>
  (value) =>
    value === operand

/** Returns the only operator of an object. */
function only(operation: object, place: string): { operator: string; operand: unknown; at: string } {
  const entries = Object.entries(operation)
  if (entries.length !== 1)
    throw new PatternError(
      `${place} has ${entries.length} operators; give exactly one, such as { "prefix": "us-" }.`,
    )
  const [operator, operand] = entries[0]
  return { operator, operand, at: `${place}.${operator}` }
}

function text(operand: unknown, at: string): string {
  if (typeof operand === 'string') return operand
  throw new PatternError(`${at} must be a string.`)
}

function list(operand: unknown, at: string): readonly unknown[] {
  if (!Array.isArray(operand)) return [operand]
  if (operand.length === 0) throw new PatternError(`${at} is an empty array; give at least one value.`)
  return operand
}

/** Puts the place before the error message of an operand's compiler. */
function explained<T>(at: string, compile: () => T): T {
  try {
    return compile()
  } catch (error) {
    if (error instanceof PatternError) throw error
    throw new PatternError(`${at} ${(error as Error).message}`)
  }
}
