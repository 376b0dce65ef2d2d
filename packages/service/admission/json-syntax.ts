/**
 * Checks whether a text is JSON (RFC 8259) without building a value: a parsed text can take many times its
 * length in memory.
 */

const QUOTE = 0x22,
  BACKSLASH = 0x5c,
  COMMA = 0x2c,
  COLON = 0x3a,
  MINUS = 0x2d,
  PLUS = 0x2b,
  POINT = 0x2e,
  ZERO = 0x30,
  NINE = 0x39
const OPEN_BRACKET = 0x5b,
  CLOSE_BRACKET = 0x5d,
  OPEN_BRACE = 0x7b,
  CLOSE_BRACE = 0x7d
const ESCAPES = new Set(Buffer.from('"\\/bfnrt'))
const HEX = new Set(Buffer.from('0123456789abcdefABCDEF'))
const WORDS = ['true', 'false', 'null'].map((word) => Buffer.from(word))
/** Levels of nesting. Parsers in other languages have such a limit as well (Jackson for Java: 1,000). */
const MAX_DEPTH = 1000

/**
 * Returns the index of the first byte that is wrong or nests too deep; undefined if the whole text is JSON.
 * Assumes valid UTF-8.
 */
export function jsonFault(bytes: Buffer): number | undefined {
  const scanner = new Scanner(bytes)
  return scanner.document() ? undefined : scanner.at
}

/** Each method advances past what its name says, or returns false at the first wrong byte. */
class Scanner {
  at = 0
  readonly #bytes: Buffer
  /** The closing byte of each level of nesting. */
  readonly #closers = new Uint8Array(MAX_DEPTH)
  #depth = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  document(): boolean {
    let well = this.#begin()
    while (well && this.#depth > 0) well = this.#next() && (this.#depth === 0 || this.#begin())
    if (!well) return false
    this.#space()
    return this.at === this.#bytes.length
  }

  /** Reads a scalar value, or the beginning of an array or object up to its first scalar. */
  #begin(): boolean {
    for (;;) {
      this.#space()
      const byte = this.#bytes[this.at]
      if (byte === QUOTE) return this.#text()
      if (byte === MINUS || isDigit(byte)) return this.#number()
      if (byte !== OPEN_BRACE && byte !== OPEN_BRACKET) return this.#word()
      if (this.#depth === MAX_DEPTH) return false
      const closer = byte === OPEN_BRACE ? CLOSE_BRACE : CLOSE_BRACKET
      this.#closers[this.#depth++] = closer
      this.at++
      this.#space()
      if (this.#bytes[this.at] === closer) return true
      if (closer === CLOSE_BRACE && !this.#name()) return false
    }
  }

  /**
   * Reads the ends of arrays and objects, and the comma before the next value. Also returns true at the end
   * of the whole value.
   */
  #next(): boolean {
    while (this.#depth > 0) {
      this.#space()
      const closer = this.#closers[this.#depth - 1]
      const byte = this.#bytes[this.at]
      if (byte === COMMA) {
        this.at++
        if (closer !== CLOSE_BRACE) return true
        this.#space()
        return this.#name()
      }
      if (byte !== closer) return false
      this.at++
      this.#depth--
    }
    return true
  }

  #name(): boolean {
    if (!this.#text()) return false
    this.#space()
    return this.#take(COLON)
  }

  #text(): boolean {
    if (!this.#take(QUOTE)) return false
    for (; this.at < this.#bytes.length; this.at++) {
      const byte = this.#bytes[this.at]
      if (byte === QUOTE) return this.#take(QUOTE)
      if (byte < 0x20 || (byte === BACKSLASH && !this.#escape())) return false
    }
    return false
  }

  /** Stops at the last byte of the escape, not after it. */
  #escape(): boolean {
    const byte = this.#bytes[++this.at]
    if (byte !== 0x75) return ESCAPES.has(byte)
    for (let i = 0; i < 4; i++) if (!HEX.has(this.#bytes[++this.at])) return false
    return true
  }

  #number(): boolean {
    this.#take(MINUS)
    if (!this.#take(ZERO) && !this.#digits()) return false
    if (this.#take(POINT) && !this.#digits()) return false
    if (!this.#take(0x65) && !this.#take(0x45)) return true
    if (!this.#take(PLUS)) this.#take(MINUS)
    return this.#digits()
  }

  #digits(): boolean {
    const from = this.at
    while (isDigit(this.#bytes[this.at])) this.at++
    return this.at > from
  }

  #word(): boolean {
    const word = WORDS.find((one) => one[0] === this.#bytes[this.at])
    if (word === undefined || !this.#bytes.subarray(this.at, this.at + word.length).equals(word)) return false
    this.at += word.length
    return true
  }

  #take(byte: number): boolean {
    if (this.#bytes[this.at] !== byte) return false
    this.at++
    return true
  }

  #space(): void {
    for (
      let byte = this.#bytes[this.at];
      byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
      byte = this.#bytes[this.at]
    )
      this.at++
  }
}

function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= NINE
}
