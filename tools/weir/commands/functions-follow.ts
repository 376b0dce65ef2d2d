/** Following a log of which one sees the last lines only, again and again. */

/** What of `now` was not yet there: the lines after the longest end of `before` with which `now` begins. */
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
