/** Sends requests to the owners of items, and finds their answers. */
import { randomUUID } from 'node:crypto'
import type { Writer } from '@weir/codec'
import type { TableAnswer, TableRequest } from '@weir/contracts'
import { type Appender, appendRecord, encodeValue, type Producer, stored } from '@weir/kafka'
import { newReplicaId } from './answers.ts'
import { REQUESTS } from './table-task.ts'

/** The item that a request is about: its record's key, and the partition of its partition key. */
export interface Place {
  readonly key: Buffer
  readonly partition: number
}

export type NewRequest = Pick<TableRequest, 'table' | 'operation' | 'input' | 'expected'>

/** The owner did not answer in time. The request may be carried out later. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer'
}

/** A partition that changes its owner has none for some seconds. */
const PATIENCE_MS = 20_000

export class Requests {
  readonly #producer: Producer
  readonly #writer: Writer<TableRequest>
  readonly #waiting = new Map<string, (answer: TableAnswer) => void>()
  /** Names this replica in requests; answers for it have the name in their keys. */
  readonly replica = newReplicaId()

  constructor(producer: Producer, writer: Writer<TableRequest>) {
    this.#producer = producer
    this.#writer = writer
  }

  /**
   * Resolves to the owner's answer, when this replica knows all changes before it. Rejects with a KafkaError if the
   * request is not known to be stored, and with NoAnswer.
   */
  async send(place: Place, request: NewRequest): Promise<TableAnswer> {
    const id = randomUUID()
    const { promise, resolve, reject } = Promise.withResolvers<TableAnswer>()
    this.#waiting.set(id, resolve)
    const timer = setTimeout(
      () => reject(new NoAnswer(`No replica has answered within ${PATIENCE_MS / 1000} s.`)),
      PATIENCE_MS,
    )
    try {
      const delivery = this.#producer.delivery()
      this.#append(delivery, place, { ...request, id, replyTo: this.replica, at: Date.now() })
      stored(delivery).catch(reject)
      return await promise
    } finally {
      clearTimeout(timer)
      this.#waiting.delete(id)
    }
  }

  /** Takes the answers of a record for this replica. */
  accept(answers: readonly TableAnswer[]): void {
    for (const answer of answers) this.#waiting.get(answer.id)?.(answer)
  }

  #append(out: Appender, { key, partition }: Place, request: TableRequest): void {
    appendRecord(out, { topic: REQUESTS, partition, key, value: encodeValue(this.#writer, request) })
  }
}
