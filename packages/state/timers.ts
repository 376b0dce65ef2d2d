/** The times at which a key is due, in ms since the epoch. They are a function of its state. */

/** Event time: due when the watermark of the partition passes. Clock: due at that time, whether records come or not. */
export type TimerKind = 'event' | 'clock'

/** Infinity: none. */
export type Timers = Readonly<Record<TimerKind, number>>

export const NO_TIMERS: Timers = { event: Infinity, clock: Infinity }
