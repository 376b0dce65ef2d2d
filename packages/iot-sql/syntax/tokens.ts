/** The tokens of a text as a parser reads them, and the errors for tokens that do not fit. */
import type { SqlError } from '../errors.ts'
import { failure, Lexer, type Token } from './lexer.ts'

/** Words that cannot be the name of a field by themselves. */
const KEYWORDS = new Set(
  'AND AS CASE ELSE END EXISTS FALSE FROM IN NOT NULL OR SELECT SET THEN TRUE WHEN WHERE'.split(' '),
)

export class Tokens {
  readonly source: string
  readonly #lexer: Lexer
  /** The next token, and the one after it if it was looked at. */
  #next: Token
  #second: Token | undefined

  constructor(source: string, from = 0) {
    this.source = source
    this.#lexer = new Lexer(source, from)
    this.#next = this.#lexer.next()
  }

  get next(): Token {
    return this.#next
  }

  get second(): Token {
    return (this.#second ??= this.#lexer.next())
  }

  take(): Token {
    const token = this.#next
    this.#next = this.#second ?? this.#lexer.next()
    this.#second = undefined
    return token
  }

  isKeyword(word: string): boolean {
    return isKeyword(this.#next, word)
  }

  takeKeyword(word: string): boolean {
    if (!this.isKeyword(word)) return false
    this.take()
    return true
  }

  isSymbol(text: string): boolean {
    return this.#next.kind === 'symbol' && this.#next.text === text
  }

  takeSymbol(text: string): boolean {
    if (!this.isSymbol(text)) return false
    this.take()
    return true
  }

  expectSymbol(text: string, where: string): Token {
    if (!this.isSymbol(text)) throw this.unexpected(`"${text}" ${where}`)
    return this.take()
  }

  /** The brace that ends a template is not part of its expression: the text after it need not be SQL. */
  expectClosingBrace(): number {
    if (!this.isSymbol('}')) throw this.unexpected('"}" after the expression')
    return this.#next.end
  }

  expectKeyword(word: string, where: string): void {
    if (!this.takeKeyword(word)) throw this.unexpected(`${word} ${where}`)
  }

  expectWord(what: string): Token {
    if (this.#next.kind !== 'word') throw this.unexpected(what)
    return this.take()
  }

  unexpected(expected: string): SqlError {
    const { kind, text, at, end } = this.#next
    const found =
      kind === 'end' ? 'but the SQL ends' : `but found ${shorten(this.source.slice(at, end) || text)}`
    return failure(this.source, at, `Expected ${expected}`, found)
  }

  failure(at: number, problem: string, detail?: string): SqlError {
    return failure(this.source, at, problem, detail)
  }
}

export function isKeyword(token: Token, word: string): boolean {
  return token.kind === 'word' && token.text.toUpperCase() === word
}

export function isReserved(token: Token): boolean {
  return KEYWORDS.has(token.text.toUpperCase())
}

export function shorten(text: string): string {
  return text.length <= 40 ? text : `${text.slice(0, 39)}…`
}
