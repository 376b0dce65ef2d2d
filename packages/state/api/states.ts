/** The states of a service, for people: looked at in the changelog, and erased by their owners. */
import { type Codec, type DecodedValue, type DecodeValue, valueDecoder } from '@weir/codec'
import type { StateErasuresTopic, TopicName, TopicTable } from '@weir/contracts'
import { encodeValue, type Kafka, KafkaError, type Producer, writeRecord } from '@weir/kafka'
import type { Logger } from '@weir/service'
import { pause } from '@weir/timing'
import {
  type FoundState,
  findState,
  type ListedStates,
  type ListOptions,
  listStates,
  watchRemoval,
} from './lookup.ts'

export interface NamedState {
  /** The changelog, which is also the state's name. */
  readonly topic: TopicName
  /** The topic of requests to erase, an input of the tasks that own the state. */
  readonly erasures: StateErasuresTopic
}

export interface StatesOptions {
  readonly kafka: Kafka
  readonly codec: Codec
  readonly producer: Producer
  /** The table with the contracts of the states. */
  readonly topics: TopicTable
  readonly states: readonly NamedState[]
  readonly log: Pick<Logger, 'info'>
}

export interface ShownState extends DecodedValue {
  readonly partition: number
  /** Bytes of the value as it is stored. */
  readonly size: number
  readonly changedAt: number
}

/** `asked`: the request is stored, and the owner has not carried it out yet. */
export type Erasure = 'erased' | 'asked' | 'unknown'

const LOOK_MS = 100

export class States {
  readonly #options: StatesOptions
  readonly #decoders = new Map<TopicName, Promise<DecodeValue>>()

  constructor(options: StatesOptions) {
    this.#options = options
  }

  get all(): readonly NamedState[] {
    return this.#options.states
  }

  named(name: string): NamedState | undefined {
    return this.all.find(({ topic }) => topic === name)
  }

  /** Rejects with TooManyToList, and with a KafkaError. */
  list({ topic }: NamedState, options: ListOptions, signal: AbortSignal): Promise<ListedStates> {
    return listStates(this.#options.kafka, topic, options, signal)
  }

  /** Resolves to the state of a key; undefined if it has none. */
  async get({ topic }: NamedState, key: Buffer, signal: AbortSignal): Promise<ShownState | undefined> {
    const { place, value, changedAt } = await findState(this.#options.kafka, topic, key, signal)
    if (value === undefined) return undefined
    const decode = await this.#decoder(topic)
    return { ...(await decode(value)), partition: place.partition, size: value.length, changedAt }
  }

  /**
   * Asks the owner of the key to erase its state, and waits until the changelog says that it has. Rejects with a
   * KafkaError if the request is not known to be stored.
   * @param by who wants it
   */
  async erase(
    { topic, erasures }: NamedState,
    key: Buffer,
    by: string,
    patienceMs: number,
    signal: AbortSignal,
  ): Promise<Erasure> {
    const { kafka, codec, producer, log } = this.#options
    const found = await findState(kafka, topic, key, signal)
    if (found.value === undefined) return 'unknown'
    const { place } = found
    const value = encodeValue(await codec.writer(erasures), { by, at: Date.now() })
    await writeRecord(producer, { topic: erasures, partition: place.partition, key, value })
    const outcome = (await this.#isErased(found, key, patienceMs)) ? 'erased' : 'asked'
    log.info({ state: topic, partition: place.partition, by, outcome }, 'somebody has a state erased')
    return outcome
  }

  /** Resolves to false if that is not known in time: the request is stored, so this is not a failure. */
  async #isErased({ place, position }: FoundState, key: Buffer, patienceMs: number): Promise<boolean> {
    const signal = AbortSignal.timeout(patienceMs)
    try {
      for (let from = position; !signal.aborted; await pause(LOOK_MS, signal)) {
        const seen = await watchRemoval(this.#options.kafka, place, key, from, signal)
        if (seen.isRemoved) return true
        from = seen.position
      }
    } catch (error) {
      if (!signal.aborted && !(error instanceof KafkaError)) throw error
    }
    return false
  }

  #decoder(topic: TopicName): Promise<DecodeValue> {
    let decoder = this.#decoders.get(topic)
    if (decoder === undefined) {
      const { codec, topics } = this.#options
      decoder = valueDecoder(codec, topics, topic)
      decoder.catch(() => this.#decoders.delete(topic))
      this.#decoders.set(topic, decoder)
    }
    return decoder
  }
}
