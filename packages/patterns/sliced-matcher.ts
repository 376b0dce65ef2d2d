/** Tests records against patterns in slices of time, between which other work of the process comes first. */
import { setImmediate as turn } from 'node:timers/promises'
import { Work } from './work.ts'

/** After this number of steps, which takes some milliseconds, other work of the process comes first. */
const SLICE_STEPS = 1_000_000

/** Tests an event; throws TooMuchWork. */
type Alternative<Event> = (event: Event, work: Work) => boolean

/** A record as its alternatives see it, and the work on it. */
interface Subject<Event> {
  readonly event: Event
  readonly work: Work
}

/** Tests records against alternatives, one after the other, with breaks. */
export class SlicedMatcher<R, Event> {
  readonly #alternatives: readonly Alternative<Event>[]
  readonly #read: (record: R, work: Work) => Event
  /** Steps since the last break. */
  #steps = 0

  /** @param read makes the event that the alternatives test */
  constructor(alternatives: readonly Alternative<Event>[], read: (record: R, work: Work) => Event) {
    this.#alternatives = alternatives
    this.#read = read
  }

  /**
   * Whether any of the alternatives matches. Returns a promise if a break is due. Throws, or rejects with,
   * TooMuchWork.
   */
  matches(record: R): boolean | Promise<boolean> {
    const work = new Work(this.#alternatives.length > 1)
    const event = this.#read(record, work)
    this.#steps += work.steps
    return this.#ask({ event, work }, 0)
  }

  #ask(subject: Subject<Event>, from: number): boolean | Promise<boolean> {
    const { event, work } = subject
    for (let i = from; i < this.#alternatives.length; i++) {
      if (this.#steps > SLICE_STEPS) return this.#askLater(subject, i)
      const before = work.steps
      try {
        if (this.#alternatives[i](event, work)) return true
      } finally {
        this.#steps += work.steps - before
      }
    }
    return false
  }

  async #askLater(subject: Subject<Event>, from: number): Promise<boolean> {
    await turn()
    this.#steps = 0
    return this.#ask(subject, from)
  }
}
