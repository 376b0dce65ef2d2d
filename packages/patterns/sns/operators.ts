/**
 * The contents of a filter policy's arrays: values, and objects with one operator each. The texts of the
 * errors, and the places that they name, are those of Event Ruler as SNS runs it (JsonRuleCompiler.java).
 */
import { addresses, endsWith, equalsIgnoringCase, LeafBuilder, noneOf, startsWith } from '../matchers.ts'
import type { Leaf, Matcher } from '../plan.ts'
import { compileWildcard, literalsOf, WildcardError } from '../wildcard.ts'
import { compileBlock } from './cidr.ts'
import { FieldComplexity } from './complexity.ts'
import { between, equalTo, equalToComparable, GREATEST, LEAST, noneOfNumbers } from './numbers.ts'
import type { PolicyReader, Token } from './policy-reader.ts'

/** The alternatives for a field, and how many there are. */
export interface Alternatives {
  readonly leaf: Leaf
  readonly count: number
  readonly wildcardPoints: number
}

/** Reads an array up to its end. Throws a FilterPolicyError. */
export function readAlternatives(reader: PolicyReader): Alternatives {
  const leaf = new LeafBuilder()
  const complexity = new FieldComplexity()
  let count = 0
  for (let token = reader.next(); token.kind !== ']'; token = reader.next()) {
    count++
    if (token.kind === '{') readOperator(reader, leaf, complexity)
    else if (typeof token.value === 'number') leaf.add(equalTo(token.value))
    else if (token.value !== undefined) leaf.addValue(token.value)
    else reader.fail('Match value must be String, number, true, false, or null')
  }
  if (count === 0) reader.fail('Empty arrays are not allowed')
  return { leaf: leaf.build(), count, wildcardPoints: complexity.wildcardPoints }
}

function readOperator(reader: PolicyReader, leaf: LeafBuilder, complexity: FieldComplexity): void {
  const name = reader.expect('name', 'Match expression name not found').text
  if (name === 'exists') {
    const { value } = reader.next()
    if (typeof value !== 'boolean') reader.fail('exists match pattern must be either true or false.')
    if (value) leaf.add(present)
    else leaf.allowAbsence()
  } else {
    leaf.add((OPERATORS.get(name) ?? unknown(name))(reader, complexity))
  }
  reader.expect('}', TOO_MANY_KEYS.get(name) ?? ONE_KEY)
}

const ONE_KEY = 'Only one key allowed in match expression'
const TOO_MANY = 'Too many elements in numeric expression'
const TOO_MANY_KEYS: ReadonlyMap<string, string> = new Map([
  ['numeric', TOO_MANY],
  ['anything-but', TOO_MANY],
])

/** SNS's documentation: the key must have a non-null and non-empty value. */
const present: Matcher = (value) => value !== null && value !== ''

/** The operators that SNS documents. */
const OPERATORS: ReadonlyMap<string, (reader: PolicyReader, complexity: FieldComplexity) => Matcher> =
  new Map([
    ['prefix', (reader) => startsWith(text(reader, 'prefix'))],
    ['suffix', (reader) => endsWith(text(reader, 'suffix'))],
    ['equals-ignore-case', (reader) => equalsIgnoringCase(text(reader, 'equals-ignore-case'))],
    // SNS calls the operator "prefix" in this error.
    ['cidr', (reader) => addresses(compileBlock(text(reader, 'prefix')))],
    ['wildcard', readWildcard],
    ['numeric', readNumeric],
    ['anything-but', readAnythingBut],
  ])

const unknown =
  (name: string) =>
  (reader: PolicyReader): never =>
    reader.fail(`Unrecognized match type ${name}`)

function text(reader: PolicyReader, operator: string): string {
  reader.expect('string', `${operator} match pattern must be a string`)
  return reader.text()
}

function readWildcard(reader: PolicyReader, complexity: FieldComplexity): Matcher {
  const { matches, asterisks } = wildcard(reader)
  complexity.addWildcard(asterisks)
  return matches
}

function wildcard(reader: PolicyReader): { readonly matches: Matcher; readonly asterisks: number } {
  const pattern = text(reader, 'wildcard')
  try {
    const matches = compileWildcard(pattern)
    return {
      matches: (value, work) => typeof value === 'string' && matches(value, work),
      asterisks: literalsOf(pattern).length - 1,
    }
  } catch (error) {
    if (!(error instanceof WildcardError)) throw error
    const problem =
      error.problem === 'escape' ? 'Invalid escape character' : 'Consecutive wildcard characters'
    // The place is that in the text with its quote, as UTF-8.
    return reader.fail(`${problem} at pos ${1 + Buffer.byteLength(pattern.slice(0, error.index))}`)
  }
}

/** One comparison, or a range: a lower bound, then an upper one. */
function readNumeric(reader: PolicyReader): Matcher {
  reader.expect('[', 'Value of numeric must be an array.')
  if (reader.next().kind !== 'string') reader.fail(`Invalid member in numeric match: ${reader.text()}`)
  const operator = reader.text()
  const token = reader.next()
  if (!['=', '<', '<=', '>', '>='].includes(operator))
    reader.fail(`Unrecognized numeric range operator: ${operator}`)
  const value = number(reader, token, operator === '=' ? 'equals' : operator)
  if (operator === '=') return ended(reader, TOO_MANY, () => equalToComparable(value))
  const bound = { value, open: !operator.endsWith('=') }
  if (operator.startsWith('<')) return ended(reader, TOO_MANY, () => between(LEAST, bound))
  const next = reader.next()
  if (next.kind === ']') return checked(reader, () => between(bound, GREATEST))
  if (next.kind !== 'string') reader.fail(`Bad value in numeric range: ${reader.text()}`)
  const upper = reader.text()
  if (upper !== '<' && upper !== '<=') reader.fail(`Bad numeric range operator: ${upper}`)
  const top = { value: number(reader, reader.next(), upper), open: upper === '<' }
  return ended(reader, 'Too many terms in numeric range expression', () => between(bound, top))
}

function number(reader: PolicyReader, { value }: Token, operator: string): number {
  return typeof value === 'number' ? value : reader.fail(`Value of ${operator} must be numeric`)
}

/** Compiles the array's contents after its end. */
function ended(reader: PolicyReader, problem: string, compile: () => Matcher): Matcher {
  reader.expect(']', problem)
  return checked(reader, compile)
}

/** Adds the place to the error for a number that cannot be compared. */
function checked(reader: PolicyReader, compile: () => Matcher): Matcher {
  try {
    return compile()
  } catch (error) {
    if (error instanceof RangeError) reader.fail(error.message)
    throw error
  }
}

/**
 * Matches any value but these; an absent field has no value. Texts never equal numbers, so anything but a
 * text matches every number.
 */
function readAnythingBut(reader: PolicyReader, complexity: FieldComplexity): Matcher {
  const first = reader.next()
  if (first.kind === '{') return readAnythingButPattern(reader, complexity)
  complexity.addAnythingBut(undefined)
  if (first.kind === 'string') return noneOf(new Set([reader.text()]))
  if (typeof first.value === 'number') return checked(reader, () => noneOfNumbers([first.value as number]))
  if (first.kind !== '[') reader.fail('Value of anything-but must be an array or single string/number value.')
  const values: (string | number)[] = []
  for (let token = reader.next(); token.kind !== ']'; token = reader.next()) {
    if (typeof token.value !== 'string' && typeof token.value !== 'number')
      reader.fail('Inside anything but list, start|null|boolean is not supported.')
    values.push(token.value)
  }
  const numbers = values.filter((value) => typeof value === 'number')
  if (values.length === 0 || (numbers.length > 0 && numbers.length < values.length))
    reader.fail(
      'Inside anything but list, either all values are number or string, mixed type is not supported',
    )
  return numbers.length > 0 ? checked(reader, () => noneOfNumbers(numbers)) : noneOf(new Set(values))
}

/** Reads the object of anything-but up to its end: a prefix, or a wildcard. */
function readAnythingButPattern(reader: PolicyReader, complexity: FieldComplexity): Matcher {
  const { text: name } = reader.expect('name', 'Anything-But expression name not found')
  let excluded: Matcher
  if (name === 'prefix') {
    const prefix = text(reader, 'prefix')
    if (prefix === '') reader.fail('Null prefix not allowed')
    complexity.addAnythingBut(undefined)
    excluded = startsWith(prefix)
  } else if (name === 'wildcard') {
    const { matches, asterisks } = wildcard(reader)
    complexity.addAnythingBut(asterisks)
    excluded = matches
  } else {
    reader.fail(`Unsupported anything-but pattern: ${name}`)
  }
  reader.expect('}', ONE_KEY)
  return (value, work) => !excluded(value, work)
}
