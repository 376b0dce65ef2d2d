/** The configuration of deliveries. */
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ConfigReader } from '@weir/config'

export interface DeliveriesConfig {
  readonly region: string
  readonly dir: string
  readonly diskBytes: number
}

export const deliveriesConfig = (reader: ConfigReader): DeliveriesConfig => ({
  region: reader.string('AWS_REGION', 'The region of the buckets of delivery streams.', 'us-east-1'),
  dir: reader.string(
    'DELIVERY_DIR',
    'The folder for records that are collected until they are delivered. Kafka has them too, so it may be lost.',
    join(tmpdir(), 'weir-deliveries'),
  ),
  diskBytes:
    reader.integer(
      'DELIVERY_DISK_MB',
      'The disk for these records, before compression. When it is full, objects are delivered earlier, and reading waits.',
      4096,
      256,
      1 << 24,
    ) *
    (1 << 20),
})
