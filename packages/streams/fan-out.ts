/** Registered consumers with enhanced fan-out. */
import type { Change } from '@weir/control'
import type { FanOutConsumer } from './stream.ts'

const KIND = 'consumer'

export class FanOut {
  readonly #write: (decide: () => readonly Change[]) => Promise<void>
  readonly #consumers = new Map<string, FanOutConsumer>()

  constructor(write: (decide: () => readonly Change[]) => Promise<void>) {
    this.#write = write
  }

  get(stream: string, name: string): FanOutConsumer | undefined {
    return this.#consumers.get(`${stream}/${name}`)
  }

  /** The stream's consumers, in the order of their names. */
  of(stream: string): FanOutConsumer[] {
    return [...this.#consumers.values()]
      .filter((consumer) => consumer.stream === stream)
      .sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  /**
   * Changes a consumer, with no other decision in between. If `decide` returns undefined, the consumer is
   * removed; if it returns the same object, nothing changes. Errors of `decide` are thrown here.
   * @param decide gets the consumer of that name, and all consumers of the stream
   */
  async change(
    stream: string,
    name: string,
    decide: (
      consumer: FanOutConsumer | undefined,
      all: readonly FanOutConsumer[],
    ) => FanOutConsumer | undefined,
  ): Promise<FanOutConsumer | undefined> {
    let next: FanOutConsumer | undefined
    await this.#write(() => {
      const current = this.get(stream, name)
      next = decide(current, this.of(stream))
      return next === current ? [] : [{ kind: KIND, id: `${stream}/${name}`, value: next }]
    })
    return next
  }

  /** The changes that remove all consumers of the stream. */
  removalOf(stream: string): Change[] {
    return this.of(stream).map(({ name }) => ({ kind: KIND, id: `${stream}/${name}`, value: undefined }))
  }

  apply(id: string, consumer: FanOutConsumer | undefined): void {
    if (consumer === undefined) this.#consumers.delete(id)
    else this.#consumers.set(id, consumer)
  }
}
