/** Patterns of dates and times: runs of letters are fields, other characters are text. */

/** Characters of a pattern. */
export const MAX_PATTERN_LENGTH = 200

export type Part = { readonly letter: string; readonly count: number } | { readonly text: string }

const PARTS = /([A-Za-z])\1*|'((?:[^']|'')*)'|[^A-Za-z']/gy

/** Splits a pattern. 'text' is taken literally, and '' is a quote. Undefined if a quote is not closed. */
export function parsePattern(pattern: string): readonly Part[] | undefined {
  if (pattern.length > MAX_PATTERN_LENGTH) return undefined
  const parts: Part[] = []
  let end = 0
  for (const [match, letter, quoted] of pattern.matchAll(PARTS)) {
    end += match.length
    if (letter !== undefined) parts.push({ letter, count: match.length })
    else if (quoted !== undefined) parts.push({ text: quoted === '' ? "'" : quoted.replaceAll("''", "'") })
    else parts.push({ text: match })
  }
  return end === pattern.length ? parts : undefined
}
