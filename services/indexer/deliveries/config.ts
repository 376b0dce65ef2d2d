/** The configuration of deliveries. */
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Account, awsAccountConfig } from '@weir/aws'
import type { ConfigReader } from '@weir/config'
import { type EgressConfig, egressConfig } from '@weir/egress'

export interface DeliveriesConfig {
  /** Its region is that of buckets; delivery streams have it in their ARNs. */
  readonly account: Account
  readonly egress: EgressConfig
  readonly dir: string
  readonly diskBytes: number
}

export const deliveriesConfig = (reader: ConfigReader): DeliveriesConfig => ({
  account: awsAccountConfig(reader),
  egress: egressConfig(reader),
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
