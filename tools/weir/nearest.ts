/** Returns the candidate nearest to the typed text, or undefined if none is near enough to be meant. */
export function nearest(typed: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined
  let least = Math.max(2, Math.floor(typed.length / 3)) + 1
  for (const candidate of candidates) {
    const distance = candidate.startsWith(typed) && typed.length > 2 ? 1 : editDistance(typed, candidate)
    if (distance < least) {
      best = candidate
      least = distance
    }
  }
  return best
}

/** Returns ` Did you mean X?`, or an empty string. */
export function hint(typed: string, candidates: Iterable<string>, prefix = ''): string {
  const found = nearest(typed, candidates)
  return found === undefined ? '' : ` Did you mean ${prefix}${found}?`
}

/**
 * Damerau-Levenshtein distance (an adjacent transposition counts as one), over two rows and the one before.
 */
function editDistance(a: string, b: string): number {
  let before: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1]
      row[j] = Math.min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (same ? 0 : 1))
      if (!same && i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        row[j] = Math.min(row[j], before[j - 2] + 1)
    }
    before = last
    last = row
  }
  return last[b.length]
}
