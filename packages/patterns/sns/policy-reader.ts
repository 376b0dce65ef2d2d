/**
 * Reads the tokens of a filter policy, and knows where in the text SNS would see an error: SNS parses the
 * policy, writes it without white space, and reads that text with Jackson.
 */
import { FilterPolicyError } from '../errors.ts'
import { type Json, type JsonNumber, parseJson } from './json.ts'

export type TokenKind = '{' | '}' | '[' | ']' | 'name' | 'string' | 'number' | 'literal'

export interface Token {
  readonly kind: TokenKind
  /** The name, the text of the string without quotes, or the token as it is written. */
  readonly text: string
  /** A string, number or literal; undefined for other tokens. */
  readonly value: string | number | boolean | null | undefined
  /** Characters that Jackson has read when it returns the token. Of a string, it has read only the first. */
  readonly read: number
  /** Characters up to the token's end. */
  readonly end: number
}

/** Characters of a policy, and of a problem, that an error shows. */
const MAX_SHOWN = 500

export class PolicyReader {
  readonly #tokens: readonly Token[]
  readonly #source: string
  #next = 0
  /** Characters read. */
  #read = 0

  /** @throws FilterPolicyError if the text is not JSON */
  constructor(text: string) {
    const writer = new TokenWriter()
    writer.write(parseJson(text))
    this.#tokens = writer.tokens
    this.#source = writer.source
  }

  next(): Token {
    const token = this.#tokens[this.#next++]
    this.#read = token.read
    return token
  }

  /** Returns the text of the token that `next` returned last. A string is then read to its end. */
  text(): string {
    const token = this.#tokens[this.#next - 1]
    if (token.kind === 'string') this.#read = token.end
    return token.text
  }

  /** Reads the next token, which must be of this kind; otherwise throws the problem. */
  expect(kind: TokenKind, problem: string): Token {
    const token = this.next()
    if (token.kind !== kind) this.fail(problem)
    return token
  }

  /** Back to the first token. */
  restart(): void {
    this.#next = 0
  }

  /** Throws the problem with its place, in SNS's wording. */
  fail(problem: string): never {
    const hidden = this.#source.length - MAX_SHOWN
    const shown = `"${this.#source.slice(0, MAX_SHOWN)}"${hidden > 0 ? `[truncated ${hidden} chars]` : ''}`
    throw new FilterPolicyError(
      `FilterPolicy: ${problem.slice(0, MAX_SHOWN)}\n at [Source: (String)${shown}; line: 1, column: ${this.#read + 1}]`,
    )
  }
}

/** Writes JSON without white space, and notes its tokens. */
class TokenWriter {
  readonly tokens: Token[] = []
  readonly #pieces: string[] = []
  /** Characters written. */
  #length = 0

  get source(): string {
    return this.#pieces.join('')
  }

  write(json: Json): void {
    if (json instanceof Map) this.#object(json)
    else if (Array.isArray(json)) this.#array(json)
    else if (typeof json === 'string') this.#token('string', json, json, JSON.stringify(json), 1)
    else if (typeof json !== 'object' || json === null)
      this.#token('literal', String(json), json as boolean | null, String(json))
    else {
      const { text, value } = json as JsonNumber
      this.#token('number', text, value, text)
    }
  }

  #object(object: ReadonlyMap<string, Json>): void {
    this.#mark('{')
    let first = true
    for (const [name, value] of object) {
      if (!first) this.#append(',')
      first = false
      const written = `${JSON.stringify(name)}:`
      // To return a name, Jackson reads the beginning of its value.
      this.#token('name', name, undefined, written, written.length + sizeOfStart(value))
      this.write(value)
    }
    this.#mark('}')
  }

  #array(array: readonly Json[]): void {
    this.#mark('[')
    for (const [index, element] of array.entries()) {
      if (index > 0) this.#append(',')
      this.write(element)
    }
    this.#mark(']')
  }

  #mark(kind: '{' | '}' | '[' | ']'): void {
    this.#token(kind, kind, undefined, kind)
  }

  #token(kind: TokenKind, text: string, value: Token['value'], written: string, read = written.length): void {
    const end = this.#length + written.length
    this.tokens.push({ kind, text, value, read: this.#length + read, end })
    this.#append(written)
  }

  #append(piece: string): void {
    this.#pieces.push(piece)
    this.#length += piece.length
  }
}

/** The number of characters of a value that Jackson reads to know its kind. */
function sizeOfStart(json: Json): number {
  if (typeof json === 'boolean' || json === null) return String(json).length
  return typeof json === 'object' && 'text' in json ? json.text.length : 1
}
