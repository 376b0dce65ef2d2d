/** The topic weir.functions.code: archives in parts, for all replicas to fetch. */
import { createReadStream } from 'node:fs'
import type { Codec } from '@weir/codec'
import { type Kafka, type KafkaError, keyOf, type Producer } from '@weir/kafka'
import { append } from '@weir/topics'
import { type Archive, PART_BYTES, partsOf, type StoredArchive } from './archive.ts'

const TOPIC = 'weir.functions.code'
const PARTITION = 0
const FETCH_BYTES = 4 << 20
/** The most parts in flight at once. */
const MAX_OPEN_PARTS = 8
/** Room for the rest of a record. */
const ENVELOPE_BYTES = 1024

export interface CodeTopic {
  /** Returns the offset from which an archive that is written now will be found. */
  end(): Promise<number>
  /** Resolves when every part is stored on all in-sync replicas. */
  write(archive: Archive, file: string): Promise<void>
  /** Reads the parts in order. Throws if one is missing; the caller must check the bytes against the hash. */
  read(archive: StoredArchive): AsyncGenerator<Buffer>
  /** Removes the parts. */
  remove(archive: Archive): Promise<void>
}

export async function openCodeTopic({
  kafka,
  codec,
  producer,
}: {
  readonly kafka: Kafka
  readonly codec: Codec
  readonly producer: Producer
}): Promise<CodeTopic> {
  const [writer, reader] = await Promise.all([codec.writer(TOPIC), codec.reader(TOPIC)])
  const record = Buffer.allocUnsafeSlow(PART_BYTES + ENVELOPE_BYTES)

  async function* read(archive: StoredArchive): AsyncGenerator<Buffer> {
    const parts = partsOf(archive)
    const end = await kafka.offsetAt(TOPIC, PARTITION, 'latest')
    let at = Math.max(archive.offset, await kafka.offsetAt(TOPIC, PARTITION, 'earliest'))
    let next = 0
    while (next < parts && at < end) {
      const batch = await kafka.fetch(TOPIC, PARTITION, at, FETCH_BYTES)
      await reader.prepare(batch)
      for (let i = 0; i < batch.length && next < parts; i++) {
        if (
          batch.offsets[i] < at ||
          batch.valueStart[i] < 0 ||
          keyOf(batch, i)?.toString() !== keyFor(archive, next)
        )
          continue
        const { bytes } = reader.decode(batch.bytes, batch.valueStart[i], batch.valueEnd[i])
        next++
        yield bytes
      }
      at = batch.nextOffset
    }
    if (next < parts)
      throw new Error(`The archive ${archive.id} has ${parts} parts, of which Kafka has ${next}.`)
  }

  return {
    end: () => kafka.offsetAt(TOPIC, PARTITION, 'latest'),
    read,
    async write(archive, file) {
      let delivery = producer.delivery()
      let part = 0
      for await (const bytes of createReadStream(file, { highWaterMark: PART_BYTES })) {
        const end = writer.encode({ archive: archive.id, part, bytes: bytes as Buffer }, record, 0)
        append(delivery, {
          topic: TOPIC,
          partition: PARTITION,
          key: keyFor(archive, part),
          value: record.subarray(0, end),
        })
        if (++part % MAX_OPEN_PARTS !== 0) continue
        await settled(delivery)
        delivery = producer.delivery()
      }
      await settled(delivery)
    },
    async remove(archive) {
      const delivery = producer.delivery()
      for (let part = 0; part < partsOf(archive); part++) {
        append(delivery, { topic: TOPIC, partition: PARTITION, key: keyFor(archive, part), value: null })
      }
      await settled(delivery)
    },
  }
}

async function settled(delivery: { settled(): Promise<{ readonly error: KafkaError }[]> }): Promise<void> {
  const [failure] = await delivery.settled()
  if (failure !== undefined) throw failure.error
}

function keyFor({ id }: Archive, part: number): string {
  return `${id}/${String(part).padStart(5, '0')}`
}
