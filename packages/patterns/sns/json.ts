/**
 * Reads the text of a filter policy. JSON.parse would not do: the order of the names and the texts of numbers
 * are part of SNS's error messages, and so is the wording of Jackson, the parser of SNS.
 */
import { FilterPolicyError } from '../errors.ts'

/** A number as it is written, and its value. */
export interface JsonNumber {
  readonly text: string
  readonly value: number
}

/** If an object gives a name twice, the last value counts. */
export type JsonObject = ReadonlyMap<string, Json>

export type Json = string | boolean | null | JsonNumber | JsonObject | readonly Json[]

/** Jackson's limit for arrays and objects in each other; bounds the recursion here and of the readers. */
export const MAX_NESTING = 1000

/** SNS does not show the text that cannot be parsed. */
const SOURCE = '[Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled)'

/** Parses a text; throws a FilterPolicyError with the place. */
export function parseJson(text: string): Json {
  return new JsonReader(text).read()
}

const LITERALS: ReadonlyMap<string, boolean | null> = new Map([
  ['true', true],
  ['false', false],
  ['null', null],
])

class JsonReader {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  read(): Json {
    if (this.#peek() === undefined) this.#fail('No content to map due to end-of-input')
    const value = this.#value(1)
    if (this.#peek() !== undefined) this.#failAtChar('was expecting the end of the text')
    return value
  }

  /** Returns the next character that is not white space. */
  #peek(): string | undefined {
    while (' \t\n\r'.includes(this.#text[this.#at] ?? '.')) this.#at++
    return this.#text[this.#at]
  }

  #value(depth: number): Json {
    const char = this.#peek()
    if (char === '"') return this.#string()
    if (char === '{' || char === '[') {
      if (depth > MAX_NESTING)
        this.#fail(
          `Document nesting depth (${depth}) exceeds the maximum allowed (${MAX_NESTING}, ` +
            'from `StreamReadConstraints.getMaxNestingDepth()`)',
        )
      return char === '{' ? this.#object(depth) : this.#array(depth)
    }
    if (char === '-' || (char !== undefined && char >= '0' && char <= '9')) return this.#number()
    return this.#literal()
  }

  #object(depth: number): JsonObject {
    const start = this.#at++
    const fields = new Map<string, Json>()
    for (let first = true; !this.#closes('}', start, first); first = false) {
      if (this.#peek() === undefined) this.#failAtEnd(' within/between Object entries')
      if (this.#peek() !== '"') this.#failAtChar('was expecting double-quote to start field name')
      const name = this.#string()
      if (this.#peek() === undefined) this.#failAtEnd(' within/between Object entries')
      if (this.#peek() !== ':') this.#failAtChar('was expecting a colon to separate field name and value')
      this.#at++
      if (this.#peek() === undefined) this.#failAtEnd(' within/between Object entries')
      fields.set(name, this.#value(depth + 1))
    }
    return fields
  }

  #array(depth: number): readonly Json[] {
    const start = this.#at++
    const elements: Json[] = []
    for (let first = true; !this.#closes(']', start, first); first = false) {
      if (this.#peek() === undefined) this.#failAtEnd(' within/between Array entries')
      elements.push(this.#value(depth + 1))
    }
    return elements
  }

  /** Reads the end of an object or array, or the comma before its next entry. */
  #closes(marker: '}' | ']', start: number, first: boolean): boolean {
    const kind = marker === '}' ? 'Object' : 'Array'
    const char = this.#peek()
    if (char === undefined) {
      const place = `start marker at ${SOURCE}; ${this.#place(start)}]`
      this.#failAtEnd(`: expected close marker for ${kind} (${place})`)
    }
    if (char === marker) {
      this.#at++
      return true
    }
    if (char === '}' || char === ']') {
      const place = `for ${kind} starting at ${SOURCE}; ${this.#place(start)}]`
      this.#fail(`Unexpected close marker '${char}': expected '${marker}' (${place})`)
    }
    if (first) return false
    if (char !== ',') this.#failAtChar(`was expecting comma to separate ${kind} entries`)
    this.#at++
    return false
  }

  #string(): string {
    const start = this.#at++
    for (let char = this.#text[this.#at]; char !== '"'; char = this.#text[++this.#at]) {
      if (char === undefined) this.#failAtEnd(': was expecting closing quote for a string value')
      if (char < ' ')
        this.#fail(
          `Illegal unquoted character (${described(char)}): has to be escaped using backslash ` +
            'to be included in string value',
        )
      if (char === '\\') this.#escape()
    }
    this.#at++
    return JSON.parse(this.#text.slice(start, this.#at)) as string
  }

  #escape(): void {
    const char = this.#text[++this.#at]
    if (char === undefined) this.#failAtEnd(' in character escape sequence')
    if (char === 'u') {
      for (let i = 0; i < 4; i++)
        if (!/[\da-f]/i.test(this.#text[++this.#at] ?? ''))
          this.#failAtChar('expected a hex-digit for character escape sequence')
    } else if (!'"\\/bfnrt'.includes(char)) {
      this.#fail(`Unrecognized character escape ${described(char)}`)
    }
  }

  #number(): JsonNumber {
    const pattern = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:e[+-]?\d+)?/iy
    pattern.lastIndex = this.#at
    const text = pattern.exec(this.#text)?.[0]
    const next = this.#text[this.#at + (text?.length ?? 1)] ?? ''
    if (text === undefined || /[\d.e]/i.test(next))
      this.#fail(`Invalid numeric value: ${described(next)} after ${text ?? '-'}`)
    this.#at += text.length
    return { text, value: Number(text) }
  }

  #literal(): boolean | null {
    const pattern = /[\p{L}\p{Sc}\p{Nl}_][\p{L}\p{Sc}\p{Nl}\p{Nd}_]*/uy
    pattern.lastIndex = this.#at
    const token = pattern.exec(this.#text)?.[0]
    if (token === undefined) this.#failAtChar(`expected a valid value ${VALUES}`)
    this.#at += token.length
    const value = LITERALS.get(token)
    if (value === undefined) {
      const shown = token.length > MAX_TOKEN_LENGTH ? `${token.slice(0, MAX_TOKEN_LENGTH)}...` : token
      this.#fail(`Unrecognized token '${shown}': was expecting ${VALUES}`)
    }
    return value
  }

  #failAtChar(problem: string): never {
    const char = this.#text[this.#at]
    return char === undefined
      ? this.#failAtEnd('')
      : this.#fail(`Unexpected character (${described(char)}): ${problem}`)
  }

  #failAtEnd(problem: string): never {
    return this.#fail(`Unexpected end-of-input${problem}`)
  }

  #fail(problem: string): never {
    throw new FilterPolicyError(
      `FilterPolicy: failed to parse JSON. ${problem}\n at ${SOURCE}; ${this.#place(this.#at)}]`,
    )
  }

  #place(at: number): string {
    const lines = this.#text.slice(0, at).split(/\r\n|\r|\n/)
    return `line: ${lines.length}, column: ${(lines.at(-1) ?? '').length + 1}`
  }
}

const VALUES = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')"
/** Characters of an unknown token that an error shows. */
const MAX_TOKEN_LENGTH = 256

function described(char: string): string {
  const code = char.charCodeAt(0)
  if (code < 0x20) return `(CTRL-CHAR, code ${code})`
  return `'${char}' (code ${code}${code > 255 ? ` / 0x${code.toString(16)}` : ''})`
}
