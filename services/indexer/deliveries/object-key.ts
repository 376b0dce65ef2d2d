/** The names of objects (Firehose developer guide, "Configure Amazon S3 object name format"). */
import { randomUUID } from 'node:crypto'
import { type DeliveryStream, parsePrefix, suffixTime } from '@weir/deliveries'
import { extensionOf } from './object-file.ts'

/** Returns a name that no other object has. @param time when its oldest record arrived, ms since the epoch */
export function objectKey({ name, version, destination }: DeliveryStream, time: number): string {
  const { prefix, compression, fileExtension, timeZone } = destination
  const values = { time, timeZone }
  const extension = fileExtension === '' ? extensionOf(compression) : fileExtension
  return `${parsePrefix(prefix, 'delivered').evaluate(values)}${name}-${version}-${suffixTime(values)}-${randomUUID()}${extension}`
}
