/** Splits SQL into tokens, one at a time: a template's expression ends where its brace does. */
import { SqlError } from '../errors.ts'

export type TokenKind = 'word' | 'variable' | 'string' | 'number' | 'symbol' | 'end'

export interface Token {
  readonly kind: TokenKind
  /** The name, the string without its quotes, or the characters. */
  readonly text: string
  /** Where the token starts and ends in the source. */
  readonly at: number
  readonly end: number
}

const SPACE = /\s*/y
const WORD = /[\p{ID_Start}_][\p{ID_Continue}]*/uy
const VARIABLE = /@\w+/y
const NUMBER = /\d+(?:\.\d+)?(?:e[+-]?\d+)?/iy
const SYMBOL = /<>|<=|>=|[-+*/%=<>(),.[\]{}:]/y

export class Lexer {
  readonly source: string
  #at: number

  constructor(source: string, from: number) {
    this.source = source
    this.#at = from
  }

  /** @throws SqlError if the next characters are not a token */
  next(): Token {
    SPACE.lastIndex = this.#at
    SPACE.exec(this.source)
    const at = SPACE.lastIndex
    const first = this.source[at]
    if (first === undefined) return this.#token('end', '', at, at)
    if (first === "'" || first === '"') return this.#string(first, at)
    return (
      this.#match('word', WORD, at) ??
      this.#match('number', NUMBER, at) ??
      this.#match('symbol', SYMBOL, at) ??
      this.#match('variable', VARIABLE, at) ??
      this.#refuse(at)
    )
  }

  #match(kind: TokenKind, pattern: RegExp, at: number): Token | undefined {
    pattern.lastIndex = at
    const found = pattern.exec(this.source)
    return found === null ? undefined : this.#token(kind, found[0], at, pattern.lastIndex)
  }

  /** A doubled quote stands for the quote. A backslash is a character like others: patterns have many. */
  #string(quote: string, at: number): Token {
    const parts: string[] = []
    let from = at + 1
    for (;;) {
      const end = this.source.indexOf(quote, from)
      if (end < 0)
        throw failure(this.source, at, 'Expected a closing quote for the string', 'but the SQL ends')
      parts.push(this.source.slice(from, end))
      if (this.source[end + 1] !== quote) return this.#token('string', parts.join(quote), at, end + 1)
      from = end + 2
    }
  }

  #token(kind: TokenKind, text: string, at: number, end: number): Token {
    this.#at = end
    return { kind, text, at, end }
  }

  #refuse(at: number): never {
    const character = String.fromCodePoint(this.source.codePointAt(at)!)
    if (this.source.startsWith('!=', at))
      throw failure(this.source, at, 'Found !=', 'but inequality is written <>')
    throw failure(this.source, at, `Found ${JSON.stringify(character)}`, 'which SQL does not use')
  }
}

/** Makes an error such as "Expected a name at line 1, column 8, but found FROM." */
export function failure(source: string, at: number, problem: string, detail?: string): SqlError {
  const before = source.slice(0, at)
  const line = before.split('\n').length
  const column = at - before.lastIndexOf('\n')
  const rest = detail === undefined ? '' : `, ${detail}`
  return new SqlError(`${problem} at line ${line}, column ${column}${rest}.`, line, column)
}
