/** Reads files from S3, with the SDK's own credentials and addresses (AWS_ENDPOINT_URL and its likes). */
import type { S3Client } from '@aws-sdk/client-s3'
import { usesPathStyle } from '@weir/aws'
import type { ReadFile } from './version-files.ts'

export interface Bucket {
  readonly bucket: string
  /** The beginning of all keys, with a slash at its end; or empty. */
  readonly prefix: string
  readonly region: string
}

/** The time to read a file. */
const TIMEOUT_MS = 60_000

export function openBucket({ bucket: Bucket, prefix, region }: Bucket): ReadFile {
  let opened: S3Client | undefined
  return async (path, maxBytes) => {
    const Key = `${prefix}${path}`
    const name = `s3://${Bucket}/${Key}`
    // The SDK takes a while to load.
    const { GetObjectCommand, S3Client } = await import('@aws-sdk/client-s3')
    opened ??= new S3Client({ region, forcePathStyle: usesPathStyle() })
    const abortSignal = AbortSignal.timeout(TIMEOUT_MS)
    try {
      const { Body } = await opened.send(new GetObjectCommand({ Bucket, Key }), { abortSignal })
      const chunks: Uint8Array[] = []
      let length = 0
      for await (const chunk of Body as AsyncIterable<Uint8Array>) {
        length += chunk.length
        if (length > maxBytes) throw new Error(`it has more than ${maxBytes} bytes`)
        chunks.push(chunk)
      }
      return Buffer.concat(chunks, length)
    } catch (error) {
      const { name: code, message } = error as Error
      throw new Error(
        code === 'NoSuchKey' ? `There is no file ${name}.` : `${name} cannot be read: ${message}.`,
        {
          cause: error,
        },
      )
    }
  }
}
