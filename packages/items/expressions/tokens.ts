/** Splits expressions into tokens and walks through them. */
import type { ItemError } from '../errors.ts'
import { MAX_NESTING, MAX_OPERATORS, type Source } from './source.ts'

/** Words are names and keywords, `name` and `value` are placeholders; a character that fits nowhere is a symbol. */
type TokenKind = 'word' | 'name' | 'value' | 'integer' | 'symbol' | 'end'

export interface Token {
  readonly kind: TokenKind
  readonly text: string
  /** The token's place in the source. */
  readonly start: number
  readonly end: number
}

/** The keywords of all expressions. None of them can be a name in any. */
const KEYWORDS: ReadonlySet<string> = new Set('ADD AND BETWEEN DELETE IN NOT OR REMOVE SET'.split(' '))

const SPACE = /[ \t\r\n]*/y
const TOKEN = /([A-Za-z]\w*)|(#\w+)|(:\w+)|(\d+)|(<>|<=|>=|[\s\S])/uy
const KINDS: readonly TokenKind[] = ['word', 'name', 'value', 'integer', 'symbol']

function tokenize(text: string): Token[] {
  const tokens: Token[] = []
  for (let at = 0; ; ) {
    SPACE.lastIndex = at
    SPACE.test(text)
    TOKEN.lastIndex = SPACE.lastIndex
    const found = TOKEN.exec(text)
    const start = SPACE.lastIndex
    if (found === null) return [...tokens, { kind: 'end', text: '<EOF>', start, end: start }]
    const kind = KINDS[found.slice(1).findIndex((group) => group !== undefined)]
    at = TOKEN.lastIndex
    tokens.push({ kind, text: found[0], start, end: at })
  }
}

export class Tokens {
  readonly source: Source
  readonly #tokens: readonly Token[]
  #at = 0
  #operators = 0
  #nesting = 0

  constructor(source: Source) {
    this.source = source
    this.#tokens = tokenize(source.text)
  }

  get next(): Token {
    return this.#tokens[this.#at]
  }

  take(): Token {
    return this.#tokens[this.#at++]
  }

  /** Returns whether the token after the next one is this symbol. */
  isFollowedBy(symbol: string): boolean {
    return this.next.kind !== 'end' && isSymbol(this.#tokens[this.#at + 1], symbol)
  }

  isSymbol(symbol: string): boolean {
    return isSymbol(this.next, symbol)
  }

  takeSymbol(symbol: string): boolean {
    if (!this.isSymbol(symbol)) return false
    this.#at++
    return true
  }

  expectSymbol(symbol: string): void {
    if (!this.takeSymbol(symbol)) throw this.unexpected()
  }

  /** Keywords may be written in any case. */
  isKeyword(keyword: string): boolean {
    return this.next.kind === 'word' && this.next.text.toUpperCase() === keyword
  }

  takeKeyword(keyword: string): boolean {
    if (!this.isKeyword(keyword)) return false
    this.#at++
    return true
  }

  /** Returns whether the next token can be a name of an attribute or function. */
  isName(): boolean {
    return this.next.kind === 'word' && !KEYWORDS.has(this.next.text.toUpperCase())
  }

  /** The error for the next token. It shows the token with its neighbours. */
  unexpected(): ItemError {
    const { kind, text, start } = this.next
    const first = this.#tokens[this.#at - 1]?.start ?? (kind === 'end' ? 0 : start)
    const last = this.#tokens[Math.min(this.#tokens.length - 1, this.#at + 1)]
    const near = this.source.text.slice(first, last.end)
    return this.source.refuse(`Syntax error; token: "${text}", near: "${near}"`)
  }

  /** Counts an operator or function. Throws ItemError if there are too many. */
  countOperator(): void {
    if (++this.#operators > MAX_OPERATORS)
      throw this.source.refuse(
        `The expression contains too many operators; operator count: ${this.#operators}`,
      )
  }

  /** Parses something that may contain itself. Throws ItemError if that goes too deep. */
  nested<T>(parse: () => T): T {
    if (++this.#nesting > MAX_NESTING)
      throw this.source.refuse(`The expression is nested more than ${MAX_NESTING} levels deep`)
    const result = parse()
    this.#nesting--
    return result
  }

  /** Throws ItemError if parentheses have nothing inside but other parentheses. Call it when all tokens were parsed. */
  checkParentheses(): void {
    const closing = closingParentheses(this.#tokens)
    for (let i = 0; i < this.#tokens.length - 1; i++) {
      const inner = closing.get(i + 1)
      if (inner !== undefined && closing.get(i) === inner + 1 && !this.#opensArguments(i))
        throw this.source.refuse('The expression has redundant parentheses;')
    }
  }

  /** Parentheses of calls, and of the list after IN. */
  #opensArguments(at: number): boolean {
    const before = this.#tokens[at - 1]
    return before?.kind === 'word' && !['AND', 'OR', 'NOT', 'BETWEEN'].includes(before.text.toUpperCase())
  }
}

function isSymbol({ kind, text }: Token, symbol: string): boolean {
  return kind === 'symbol' && text === symbol
}

/** The indices of the closing parentheses by those of their opening ones. */
function closingParentheses(tokens: readonly Token[]): Map<number, number> {
  const closing = new Map<number, number>()
  const open: number[] = []
  for (let i = 0; i < tokens.length; i++) {
    if (isSymbol(tokens[i], '(')) open.push(i)
    else if (isSymbol(tokens[i], ')')) closing.set(open.pop()!, i)
  }
  return closing
}
