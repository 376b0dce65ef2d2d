import { createHash } from 'node:crypto'

/** User records as the Kinesis Producer Library packs them (its aggregation format: magic, protobuf, MD5). Keys, data and the whole of each are below 128 bytes. */
export function aggregate(records: readonly (readonly [key: string, data: Buffer])[]): Buffer {
  const field = (number: number, bytes: Buffer): Buffer => Buffer.concat([Buffer.from([(number << 3) | 2, bytes.length]), bytes])
  const message = Buffer.concat([
    ...records.map(([key]) => field(1, Buffer.from(key))),
    ...records.map(([, data], index) => field(3, Buffer.concat([Buffer.from([1 << 3, index]), field(3, data)]))),
  ])
  return Buffer.concat([Buffer.from([0xf3, 0x89, 0x9a, 0xc2]), message, createHash('md5').update(message).digest()])
}
