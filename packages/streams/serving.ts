/** A stream in the version that this replica knows, and the writes under way by it. */
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

  /** To be called before a request appends records; leave() follows when their fate is known. */
  enter(): void {
    this.#writing++
  }

  leave(): void {
    this.#writing--
    this.#settle()
  }

  /** Resolves when this version is superseded and the fate of all that was written by it is known. */
  get idle(): Promise<void> {
    return this.#idle.promise
  }

  /** Resolves when another version of the stream, or none, has taken this one's place. */
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

  /** How the records of a shard are numbered. */
  numbersOf(shard: Shard): SequenceNumbers {
    let numbers = this.#numbers.get(shard.id)
    if (numbers === undefined) this.#numbers.set(shard.id, (numbers = new SequenceNumbers(shard)))
    return numbers
  }
}
