/**
 * The expressions that choose partitions: comparisons of partition keys with literals, IN, BETWEEN and LIKE, with AND,
 * OR, NOT and parentheses (Glue API reference, GetPartitions). Numbers are compared as numbers, everything else as text.
 */
import { fits } from '@weir/aws/rights.ts'
import { invalid } from './errors.ts'
import type { Column } from './hive-types.ts'

/** Whether a partition with these values is chosen. */
export type PartitionFilter = (values: readonly string[]) => boolean

const TOKEN =
  /\s*(?:'((?:[^'\\]|\\.|'')*)'|"((?:[^"\\]|\\.)*)"|(-?\d+(?:\.\d+)?)|(<=|>=|<>|!=|[=<>(),])|(\w+))/y
const NUMERIC = /^(tinyint|smallint|int|integer|bigint|long|decimal|float|double)\b/i
/** Parentheses and NOT, one in the other. */
const MAX_DEPTH = 50

interface Token {
  readonly kind: 'text' | 'number' | 'sign' | 'word'
  readonly text: string
}

/** Throws InvalidInputException for an expression that cannot be read. */
export function partitionFilter(expression: string, keys: readonly Column[]): PartitionFilter {
  const parser = new Parser(tokensOf(expression), keys)
  return parser.whole()
}

function tokensOf(expression: string): Token[] {
  const tokens: Token[] = []
  const text = expression.trim()
  TOKEN.lastIndex = 0
  while (TOKEN.lastIndex < text.length) {
    const at = TOKEN.lastIndex
    const found = TOKEN.exec(text)
    if (found === null) throw unreadable(text.slice(at, at + 20))
    const [, single, double, number, sign, word] = found
    if (single !== undefined)
      tokens.push({ kind: 'text', text: single.replace(/''|\\(.)/g, (all, one) => one ?? all[0]) })
    else if (double !== undefined) tokens.push({ kind: 'text', text: double.replace(/\\(.)/g, '$1') })
    else if (number !== undefined) tokens.push({ kind: 'number', text: number })
    else tokens.push(sign === undefined ? { kind: 'word', text: word! } : { kind: 'sign', text: sign })
  }
  return tokens
}

class Parser {
  readonly #tokens: readonly Token[]
  readonly #keys: readonly Column[]
  #at = 0
  #depth = 0

  constructor(tokens: readonly Token[], keys: readonly Column[]) {
    this.#tokens = tokens
    this.#keys = keys
  }

  whole(): PartitionFilter {
    const filter = this.#either()
    if (this.#at < this.#tokens.length) throw unreadable(this.#next().text)
    return filter
  }

  #either(): PartitionFilter {
    const choices = [this.#all()]
    while (this.#takes('or')) choices.push(this.#all())
    return choices.length === 1 ? choices[0]! : (values) => choices.some((one) => one(values))
  }

  #all(): PartitionFilter {
    const parts = [this.#part()]
    while (this.#takes('and')) parts.push(this.#part())
    return parts.length === 1 ? parts[0]! : (values) => parts.every((one) => one(values))
  }

  #part(): PartitionFilter {
    if (++this.#depth > MAX_DEPTH) throw invalid(`The expression is nested deeper than ${MAX_DEPTH} levels.`)
    try {
      if (this.#takes('not')) return inverse(this.#part())
      if (!this.#takes('(')) return this.#comparison()
      const inner = this.#either()
      this.#must(')')
      return inner
    } finally {
      this.#depth--
    }
  }

  #comparison(): PartitionFilter {
    const { index, compare } = this.#key()
    const isInverse = this.#takes('not')
    const { text: operator } = this.#next()
    const filter = this.#operation(operator.toLowerCase(), index, compare)
    return isInverse ? inverse(filter) : filter
  }

  #operation(operator: string, index: number, compare: Compare): PartitionFilter {
    switch (operator) {
      case 'in': {
        const literals = this.#list()
        return (values) => literals.some((literal) => compare(values[index]!, literal) === 0)
      }
      case 'between': {
        const low = this.#literal()
        this.#must('and')
        const high = this.#literal()
        return (values) => compare(values[index]!, low) >= 0 && compare(values[index]!, high) <= 0
      }
      case 'like': {
        const pattern = this.#literal()
        if (/[*_]/.test(pattern)) throw invalid('LIKE has % only here, and neither _ nor *.')
        return (values) => fits(pattern.replaceAll('%', '*'), values[index]!)
      }
      default: {
        if (!Object.hasOwn(COMPARISONS, operator)) throw unreadable(operator)
        const holds = COMPARISONS[operator]!
        const literal = this.#literal()
        return (values) => holds(compare(values[index]!, literal))
      }
    }
  }

  #key(): { readonly index: number; readonly compare: Compare } {
    const { kind, text } = this.#next()
    const index =
      kind === 'word' ? this.#keys.findIndex(({ Name }) => Name.toLowerCase() === text.toLowerCase()) : -1
    if (index < 0) throw invalid(`${text.slice(0, 100)} is not a partition key of the table.`)
    return { index, compare: NUMERIC.test(this.#keys[index]!.Type ?? '') ? asNumbers : asTexts }
  }

  #list(): readonly string[] {
    this.#must('(')
    const literals = [this.#literal()]
    while (this.#takes(',')) literals.push(this.#literal())
    this.#must(')')
    return literals
  }

  #literal(): string {
    const { kind, text } = this.#next()
    if (kind !== 'text' && kind !== 'number') throw unreadable(text)
    return text
  }

  #next(): Token {
    const token = this.#tokens[this.#at++]
    if (token === undefined) throw unreadable('its end')
    return token
  }

  #takes(text: string): boolean {
    const token = this.#tokens[this.#at]
    const isIt = token !== undefined && token.kind !== 'text' && token.text.toLowerCase() === text
    if (isIt) this.#at++
    return isIt
  }

  #must(text: string): void {
    if (!this.#takes(text)) throw unreadable(this.#tokens[this.#at]?.text ?? 'its end')
  }
}

/** Negative, zero or positive; NaN if the two cannot be compared. */
type Compare = (value: string, literal: string) => number

const asNumbers: Compare = (value, literal) => Number(value) - Number(literal)
const asTexts: Compare = (value, literal) => (value < literal ? -1 : value > literal ? 1 : 0)

const COMPARISONS: Readonly<Record<string, (order: number) => boolean>> = {
  '=': (order) => order === 0,
  '<>': (order) => order !== 0,
  '!=': (order) => order !== 0,
  '<': (order) => order < 0,
  '<=': (order) => order <= 0,
  '>': (order) => order > 0,
  '>=': (order) => order >= 0,
}

const inverse =
  (filter: PartitionFilter): PartitionFilter =>
  (values) =>
    !filter(values)

const unreadable = (at: string) =>
  invalid(`The expression cannot be read at ${JSON.stringify(at.slice(0, 100))}.`)
