/** Kinds of windows. All of them are in event time: [start, end) in ms since the epoch. */

/** The windows of a fixed size that begin every `everyMs`. */
export interface TimeWindows {
  readonly kind: 'time'
  readonly sizeMs: number
  readonly everyMs: number
  /** When one of the windows begins. */
  readonly offsetMs: number
}

/** A session takes the records of a key until none comes for `gapMs`. */
export interface SessionWindows {
  readonly kind: 'session'
  readonly gapMs: number
}

/** The windows of a fixed size that end right after a record: the record and what came before it. */
export interface SlidingWindows {
  readonly kind: 'sliding'
  readonly sizeMs: number
}

/** One window of each key that never ends: each record has a result at once. */
export interface RunningWindows {
  readonly kind: 'running'
}

export type WindowSpec = TimeWindows | SessionWindows | SlidingWindows | RunningWindows

/** The end of a window that never ends: the latest time of a Date. */
export const NEVER_MS = 8.64e15

/** Windows side by side: each record is in one. */
export function tumbling(sizeMs: number, { offsetMs = 0 }: { readonly offsetMs?: number } = {}): TimeWindows {
  return hopping(sizeMs, sizeMs, { offsetMs })
}

/** Windows that overlap: each record is in `sizeMs / everyMs` of them. */
export function hopping(
  sizeMs: number,
  everyMs: number,
  { offsetMs = 0 }: { readonly offsetMs?: number } = {},
): TimeWindows {
  if (!(everyMs > 0 && Number.isInteger(sizeMs / everyMs)))
    throw new RangeError(
      `A window of ${sizeMs} ms cannot begin every ${everyMs} ms: its size must be a multiple.`,
    )
  return { kind: 'time', sizeMs, everyMs, offsetMs }
}

/** Windows that end with a record of the key: each record has a result, and records of the same time share one. */
export function sliding(sizeMs: number): SlidingWindows {
  if (!(sizeMs > 0)) throw new RangeError(`A window of ${sizeMs} ms cannot have a record.`)
  return { kind: 'sliding', sizeMs }
}

export function session(gapMs: number): SessionWindows {
  if (!(gapMs > 0)) throw new RangeError(`A session cannot end after ${gapMs} ms without records.`)
  return { kind: 'session', gapMs }
}

/**
 * Everything that came of a key. Records are aggregated in the order of their partition, so none is late. What the
 * aggregate keeps must stay small, because nothing is ever forgotten.
 */
export const running = (): RunningWindows => ({ kind: 'running' })

/** Returns the starts of the windows that a time is in, the earliest first. */
export function startsOf({ sizeMs, everyMs, offsetMs }: TimeWindows, timeMs: number): number[] {
  const last = Math.floor((timeMs - offsetMs) / everyMs) * everyMs + offsetMs
  const starts: number[] = []
  for (let start = last - sizeMs + everyMs; start <= last; start += everyMs) starts.push(start)
  return starts
}
