/** A look at JSON's outline before it is parsed: what a parser would make of it is bounded by its depth and by how many values it has. */

export interface Outline {
  /** Most brackets and braces open at once. */
  readonly depth: number
  /** At least as many values as the text has: openings and commas outside of strings. */
  readonly values: number
}

const QUOTE = 0x22, COMMA = 0x2c, OPEN_BRACKET = 0x5b, BACKSLASH = 0x5c, CLOSE_BRACKET = 0x5d, OPEN_BRACE = 0x7b, CLOSE_BRACE = 0x7d

/** The outline of the UTF-8 text `bytes[start, end)`. Right for valid JSON, and for what a parser reads of anything else before it gives up. */
export function outlineOf(bytes: Buffer, start: number, end: number): Outline {
  let open = 0
  let depth = 0
  let values = 1
  for (let at = start; at < end; at++) {
    const byte = bytes[at]
    if (byte === QUOTE) {
      for (at++; at < end && bytes[at] !== QUOTE; at++) if (bytes[at] === BACKSLASH) at++
    } else if (byte === COMMA) {
      values++
    } else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
      values++
      if (++open > depth) depth = open
    } else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
      open--
    }
  }
  return { depth, values }
}
