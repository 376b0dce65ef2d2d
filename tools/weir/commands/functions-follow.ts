/** Follows a log of which only the last lines can be seen, by repeated looks. */

/**
 * Returns the lines of `now` that are new: those after the longest end of `before` with which `now` begins.
 */
export function linesSince(before: readonly string[], now: readonly string[]): readonly string[] {
  for (let from = 0; from < before.length; from++) {
    const length = before.length - from
    if (length > now.length || before[from] !== now[0]) continue
    let same = 1
    while (same < length && before[from + same] === now[same]) same++
    if (same === length) return now.slice(length)
  }
  return now
}
