/** Addresses of objects: s3://BUCKET/KEY. */
import { UsageError } from '../command.ts'

export interface Address {
  readonly bucket: string
  /** A key, or the beginning of keys; empty for the whole bucket. */
  readonly key: string
}

const MAX_KEY_BYTES = 1024

export function parseAddress(text: string): Address {
  const [, bucket, key = ''] = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(.*))?$/s.exec(text) ?? []
  if (bucket === undefined)
    throw new UsageError(
      `"${text}" must be s3://BUCKET/KEY; names of buckets have 3 to 63 of a-z, 0-9, - and dots.`,
    )
  const bytes = Buffer.byteLength(key)
  if (bytes > MAX_KEY_BYTES)
    throw new UsageError(`The key has ${bytes} bytes; it has at most ${MAX_KEY_BYTES}.`)
  return { bucket, key }
}

export const addressOf = ({ bucket, key }: Address): string => `s3://${bucket}/${key}`
