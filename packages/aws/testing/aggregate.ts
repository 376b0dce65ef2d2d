import { createHash } from 'node:crypto'

/**
 * Packs user records as the Kinesis Producer Library does (its aggregation format: magic, protobuf, MD5).
 * Takes fewer than 128 records, each of less than 16 KiB.
 */
export function aggregate(records: readonly (readonly [key: string, data: Buffer])[]): Buffer {
  const varint = (n: number): number[] => (n < 128 ? [n] : [(n & 127) | 128, n >> 7])
  const field = (number: number, bytes: Buffer): Buffer =>
    Buffer.concat([Buffer.from([(number << 3) | 2, ...varint(bytes.length)]), bytes])
  const message = Buffer.concat([
    ...records.map(([key]) => field(1, Buffer.from(key))),
    ...records.map(([, data], index) =>
      field(3, Buffer.concat([Buffer.from([1 << 3, index]), field(3, data)])),
    ),
  ])
  return Buffer.concat([
    Buffer.from([0xf3, 0x89, 0x9a, 0xc2]),
    message,
    createHash('md5').update(message).digest(),
  ])
}
