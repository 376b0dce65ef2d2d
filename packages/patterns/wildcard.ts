/**
 * Matches values against a text in which `*` stands for any characters: in one pass over the value, whatever
 * the pattern, and without backtracking.
 */
import type { Work } from './work.ts'

/**
 * The error for an invalid wildcard. Its message follows the place, as in "detail.path[0].wildcard has two *
 * in a row".
 */
export class WildcardError extends Error {
  readonly problem: 'asterisks' | 'escape'
  /** The place of the first of two asterisks, or of the backslash, in characters. */
  readonly index: number

  constructor(problem: 'asterisks' | 'escape', index: number, message: string) {
    super(message)
    this.problem = problem
    this.index = index
  }
}

/**
 * Compiles a wildcard: `*` is any number of any characters, `\*` an asterisk, `\\` a backslash. Throws a
 * WildcardError for `**` and for other escapes, as EventBridge does.
 */
export function compileWildcard(text: string): (value: string, work: Work) => boolean {
  const literals = literalsOf(text)
  if (literals.length === 1) return (value) => value === literals[0]
  const first = literals[0]
  const last = literals[literals.length - 1]
  const finders = literals.slice(1, -1).map(finder)
  return (value, work) => {
    if (value.length < first.length + last.length || !value.startsWith(first) || !value.endsWith(last))
      return false
    const end = value.length - last.length
    let at = first.length
    // The earliest place of each literal leaves the most room for those after it.
    for (const find of finders) {
      at = find(value, at, end, work)
      if (at < 0) return false
    }
    return true
  }
}

/** The literal texts around the asterisks. */
export function literalsOf(text: string): string[] {
  const literals = ['']
  for (let i = 0; i < text.length; i++) {
    const char = text[i]
    if (char === '*') {
      if (text[i + 1] === '*')
        throw new WildcardError('asterisks', i, 'has two * in a row; one * already matches any characters.')
      literals.push('')
    } else if (char === '\\') {
      const next = text[++i]
      if (next !== '*' && next !== '\\')
        throw new WildcardError(
          'escape',
          i - 1,
          'has a backslash before a character that does not need one; escape only * and \\.',
        )
      literals[literals.length - 1] += next
    } else {
      literals[literals.length - 1] += char
    }
  }
  return literals
}

/**
 * Finds a literal in value[from, end) and returns the place after it, or -1: the Knuth-Morris-Pratt
 * algorithm, whose time is that of reading the value once.
 */
function finder(literal: string): (value: string, from: number, end: number, work: Work) => number {
  const borders = new Uint16Array(literal.length)
  for (let i = 1, border = 0; i < literal.length; i++) {
    while (border > 0 && literal[i] !== literal[border]) border = borders[border - 1]
    if (literal[i] === literal[border]) border++
    borders[i] = border
  }
  return (value, from, end, work) => {
    if (literal.length === 0) return from
    let found = -1
    let i = from
    for (let matched = 0; i < end && found < 0; i++) {
      while (matched > 0 && value.charCodeAt(i) !== literal.charCodeAt(matched))
        matched = borders[matched - 1]
      if (value.charCodeAt(i) === literal.charCodeAt(matched)) matched++
      if (matched === literal.length) found = i + 1
    }
    work.count(i - from)
    return found
  }
}
