/** The names of objects (Firehose developer guide, "Configure Amazon S3 object name format"). */
import { randomUUID } from 'node:crypto'
import { type DeliveryStream, parsePrefix, suffixTime } from '@weir/deliveries'
import { extensionOf } from './object-file.ts'
import { failureOf, keysOf, type Part } from './part.ts'

/** Returns a name that no other object has. @param time when its oldest record arrived, ms since the epoch */
export function objectKey({ name, version, destination }: DeliveryStream, part: Part, time: number): string {
  const { prefix, errorPrefix, compression, fileExtension, timeZone } = destination
  const errorType = failureOf(part)
  const start =
    errorType === undefined ? parsePrefix(prefix, 'delivered') : parsePrefix(errorPrefix, 'failed')
  const values = { time, timeZone, errorType, keys: keysOf(part) }
  const extension = fileExtension === '' ? extensionOf(compression) : fileExtension
  return `${start.evaluate(values)}${name}-${version}-${suffixTime(values)}-${randomUUID()}${extension}`
}
