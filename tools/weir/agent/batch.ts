/** The records of one request, as its body. */
import { createHash, randomInt } from 'node:crypto'
import type { Api, FlowConfig } from './config.ts'

const FIRST_BYTES = 256 << 10
const [COMMA, END] = [Buffer.from(','), Buffer.from(']}')]
/** The most bytes of a record (API references), less those of a partition key. */
export const MAX_RECORD_BYTES: Readonly<Record<Api, number>> = { firehose: 1_024_000, kinesis: 1_048_000 }

export class Batch {
  count = 0
  /** The bytes of its records, before base64. */
  bytes = 0
  readonly #flow: FlowConfig
  readonly #head: Buffer
  #body = Buffer.allocUnsafeSlow(FIRST_BYTES)
  #used = 0
  /** Where each entry begins in the body. */
  readonly #starts: number[] = []
  readonly #lengths: number[] = []

  constructor(flow: FlowConfig) {
    this.#flow = flow
    const name = flow.api === 'kinesis' ? 'StreamName' : 'DeliveryStreamName'
    this.#head = Buffer.from(`{"${name}":${JSON.stringify(flow.stream)},"Records":[`)
    this.#used = this.#head.copy(this.#body)
  }

  hasRoomFor(bytes: number): boolean {
    return (
      this.count === 0 || (this.count < this.#flow.maxRecords && this.bytes + bytes <= this.#flow.maxBytes)
    )
  }

  /** Adds a record. */
  add(data: Buffer, start: number, end: number): void {
    const length = end - start
    const key = this.#flow.api === 'kinesis' ? this.#keyOf(data, start, end) : ''
    this.#reserve(Math.ceil(length / 3) * 4 + key.length + 40)
    if (this.count > 0) this.#used += COMMA.copy(this.#body, this.#used)
    this.#starts.push(this.#used)
    this.#used += this.#body.write('{"Data":"', this.#used, 'latin1')
    this.#used += this.#body.write(data.toString('base64', start, end), this.#used, 'latin1')
    this.#used += this.#body.write(key === '' ? '"}' : `","PartitionKey":"${key}"}`, this.#used, 'latin1')
    this.#lengths.push(length)
    this.bytes += length
    this.count++
  }

  clear(): void {
    ;[this.count, this.bytes, this.#used] = [0, 0, this.#head.length]
    this.#starts.length = this.#lengths.length = 0
  }

  copy(): Batch {
    const copy = new Batch(this.#flow)
    copy.#body = Buffer.from(this.#body)
    ;[copy.count, copy.bytes, copy.#used] = [this.count, this.bytes, this.#used]
    copy.#starts.push(...this.#starts)
    copy.#lengths.push(...this.#lengths)
    return copy
  }

  body(): Buffer {
    this.#reserve(END.length)
    END.copy(this.#body, this.#used)
    return this.#body.subarray(0, this.#used + END.length)
  }

  /** Keeps only the records that `kept` returns true for, by their places. */
  keep(kept: (i: number) => boolean): void {
    const entries = this.#starts.map((start, i) => ({
      entry: this.#body.subarray(start, (this.#starts[i + 1] ?? this.#used + 1) - 1),
      length: this.#lengths[i],
    }))
    const remaining = entries.filter((_, i) => kept(i))
    const body = Buffer.allocUnsafeSlow(this.#body.length)
    this.#head.copy(body)
    this.clear()
    for (const { entry, length } of remaining) {
      if (this.count > 0) this.#used += COMMA.copy(body, this.#used)
      this.#starts.push(this.#used)
      this.#used += entry.copy(body, this.#used)
      this.#lengths.push(length)
      this.bytes += length
      this.count++
    }
    this.#body = body
  }

  #keyOf(data: Buffer, start: number, end: number): string {
    return this.#flow.partitionKeys === 'RANDOM'
      ? String(randomInt(2 ** 47))
      : createHash('md5').update(data.subarray(start, end)).digest('hex')
  }

  #reserve(bytes: number): void {
    const needed = this.#used + bytes
    if (needed <= this.#body.length) return
    const larger = Buffer.allocUnsafeSlow(Math.max(2 * this.#body.length, needed))
    this.#body.copy(larger, 0, 0, this.#used)
    this.#body = larger
  }
}
