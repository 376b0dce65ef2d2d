/** The topic weir.functions.code: archives in parts, for all replicas to fetch. */
import { createReadStream } from 'node:fs'
import type { Codec } from '@weir/codec'
import {
  appendRecord,
  encodeValue,
  type Kafka,
  keyOf,
  type Producer,
  stored,
  writeRecords,
} from '@weir/kafka'
import { type Archive, PART_BYTES, partsOf, type StoredArchive } from './archive.ts'

const TOPIC = 'weir.functions.code'
const PARTITION = 0
const FETCH_BYTES = 4 << 20
/** The most parts in flight at once. */
const MAX_OPEN_PARTS = 8

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
      throw new Error(`The archive ${archive.id} has ${parts} parts, but Kafka has only ${next}.`)
  }

  return {
    end: () => kafka.offsetAt(TOPIC, PARTITION, 'latest'),
    read,
    async write(archive, file) {
      let delivery = producer.delivery()
      let part = 0
      for await (const bytes of createReadStream(file, { highWaterMark: PART_BYTES })) {
        const value = encodeValue(writer, { archive: archive.id, part, bytes: bytes as Buffer })
        appendRecord(delivery, { topic: TOPIC, partition: PARTITION, key: keyFor(archive, part), value })
        if (++part % MAX_OPEN_PARTS !== 0) continue
        await stored(delivery)
        delivery = producer.delivery()
      }
      await stored(delivery)
    },
    async remove(archive) {
      await writeRecords(producer, (out) => {
        for (let part = 0; part < partsOf(archive); part++) {
          appendRecord(out, { topic: TOPIC, partition: PARTITION, key: keyFor(archive, part), value: null })
        }
      })
    },
  }
}

function keyFor({ id }: Archive, part: number): string {
  return `${id}/${String(part).padStart(5, '0')}`
}
