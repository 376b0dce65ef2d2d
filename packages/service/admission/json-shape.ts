/**
 * Measures JSON before it is parsed. The result of parsing it is bounded by its depth, its number of values,
 * and its number of different names.
 */

export interface JsonShape {
  /** The most brackets and braces open at once. */
  readonly depth: number
  /** An upper bound of the number of values: openings and commas outside of strings. */
  readonly values: number
  /** A lower bound of the number of different names in its objects, close to it up to some thousands. */
  readonly names: number
}

const QUOTE = 0x22,
  COMMA = 0x2c,
  COLON = 0x3a,
  OPEN_BRACKET = 0x5b,
  BACKSLASH = 0x5c,
  CLOSE_BRACKET = 0x5d,
  OPEN_BRACE = 0x7b,
  CLOSE_BRACE = 0x7d

/** Bytes. In a shorter text, a loop finds the end sooner than a call into native code. */
const SHORT_TEXT = 64
/** One bit for each hash of a name. With 4,096 different names, 3 % fall on a bit that is already set. */
const NAME_BITS = 1 << 16
const seen = new Int32Array(NAME_BITS >> 5)
/** The words of `seen` that are not 0, so that clearing them costs no more than setting them did. */
const touched: number[] = []

/**
 * Returns the shape of the UTF-8 text `bytes[start, end)`. It is right for valid JSON, and for the part of
 * any other text that a parser reads before it gives up.
 */
export function shapeOfJson(bytes: Buffer, start: number, end: number): JsonShape {
  const words = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let open = 0
  let depth = 0
  let values = 1
  let names = 0
  let textStart = 0
  let textEnd = 0
  for (let at = start; at < end; at++) {
    const byte = bytes[at]
    if (isOfNumber(byte)) {
      while (at + 1 < end && isOfNumber(bytes[at + 1])) at++
    } else if (byte === QUOTE) {
      textStart = at + 1
      at = textEnd = endOfText(bytes, words, textStart, end)
      if (at + 1 < end && bytes[at + 1] === COLON) {
        at++
        if (isNew(hashOf(bytes, textStart, textEnd))) names++
      }
    } else if (byte === COMMA) {
      values++
    } else if (byte === COLON) {
      // The name before it is followed by spaces.
      if (isNew(hashOf(bytes, textStart, textEnd))) names++
    } else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
      values++
      if (++open > depth) depth = open
    } else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
      open--
    }
  }
  for (let word = touched.pop(); word !== undefined; word = touched.pop()) seen[word] = 0
  return { depth, values, names }
}

/** Whether the byte is a digit, a minus or a point. */
function isOfNumber(byte: number): boolean {
  return byte > COMMA && byte < COLON
}

/** Returns the index of the quote that ends the text begun at `at`, or `end`. */
function endOfText(bytes: Buffer, words: DataView, at: number, end: number): number {
  const shortEnd = Math.min(end, at + SHORT_TEXT)
  const lastWord = shortEnd - 4
  while (at <= lastWord && !hasQuoteOrBackslash(words.getInt32(at, true))) at += 4
  for (; at < shortEnd && bytes[at] !== QUOTE; at++) if (bytes[at] === BACKSLASH) at++
  return at < shortEnd ? at : endOfLongText(bytes, at, end)
}

/**
 * Whether one of the word's four bytes is a quote or a backslash: a byte that is 0 after the XOR borrows from
 * its highest bit.
 */
function hasQuoteOrBackslash(word: number): boolean {
  const quote = word ^ 0x22222222
  const backslash = word ^ 0x5c5c5c5c
  return ((((quote - 0x01010101) & ~quote) | ((backslash - 0x01010101) & ~backslash)) & 0x80808080) !== 0
}

/** Like endOfText, for a text that continues at `at`; no escape may precede `at`. */
function endOfLongText(bytes: Buffer, at: number, end: number): number {
  for (
    let quote = at >= end ? -1 : bytes.indexOf(QUOTE, at);
    quote >= 0 && quote < end;
    quote = bytes.indexOf(QUOTE, quote + 1)
  ) {
    let escapes = 0
    while (quote - escapes > at && bytes[quote - escapes - 1] === BACKSLASH) escapes++
    if (escapes % 2 === 0) return quote
  }
  return end
}

function isNew(hash: number): boolean {
  const bit = hash & (NAME_BITS - 1)
  const mask = 1 << (bit & 31)
  const word = seen[bit >> 5]
  if ((word & mask) !== 0) return false
  if (word === 0) touched.push(bit >> 5)
  seen[bit >> 5] = word | mask
  return true
}

/** FNV-1a with a final mix, so that the low bits depend on the whole name. */
function hashOf(bytes: Buffer, start: number, end: number): number {
  let hash = SEED
  for (let at = start; at < end; at++) hash = Math.imul(hash ^ bytes[at], 16777619)
  hash ^= hash >>> 15
  return Math.imul(hash, 0x2c1b3c6d) >>> 8
}

/** Drawn at startup, so that nobody can choose names that fall on one bit. */
const SEED = Math.floor(Math.random() * 2 ** 32) | 1
