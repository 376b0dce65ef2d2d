/** A stream in the version that this replica knows, and the writes in progress under that version. */
import { type Routing, routingOf } from './routing.ts'
import { SequenceNumbers } from './sequence-number.ts'
import type { Shard, Stream } from './stream.ts'

export class Serving {
  readonly stream: Stream
  readonly routing: Routing
  /** When this version was read, as performance.now(). */
  readonly since = performance.now()
  readonly #numbers = new Map<string, SequenceNumbers>()
  #writing = 0
  #superseded = false
  readonly #changed = Promise.withResolvers<void>()
  readonly #idle = Promise.withResolvers<void>()

  constructor(stream: Stream) {
    this.stream = stream
    this.routing = routingOf(stream)
  }

  /** Call before a request appends records; call leave() when their outcome is known. */
  enter(): void {
    this.#writing++
  }

  leave(): void {
    this.#writing--
    this.#settle()
  }

  /** Resolves when this version is superseded and the outcome of every write under it is known. */
  get idle(): Promise<void> {
    return this.#idle.promise
  }

  /** Resolves when another version of the stream has replaced this one, or the stream is gone. */
  get changed(): Promise<void> {
    return this.#changed.promise
  }

  supersede(): void {
    this.#superseded = true
    this.#changed.resolve()
    this.#settle()
  }

  #settle(): void {
    if (this.#superseded && this.#writing === 0) this.#idle.resolve()
  }

  /** Returns the sequence numbers of a shard. */
  numbersOf(shard: Shard): SequenceNumbers {
    let numbers = this.#numbers.get(shard.id)
    if (numbers === undefined) this.#numbers.set(shard.id, (numbers = new SequenceNumbers(shard)))
    return numbers
  }
}
