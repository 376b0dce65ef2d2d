/** Writes objects to S3, or to a store that has its API. */
import { open } from 'node:fs/promises'
import type { S3Client } from '@aws-sdk/client-s3'
import { usesPathStyle } from '@weir/aws'
import type { Resource } from '@weir/service'
import { type ObjectFile, READ_BYTES } from './object-file.ts'

/** The store compares the CRC-32. */
export interface StoredObject extends ObjectFile {
  readonly bucket: string
  readonly key: string
  /** Encrypts it; null: the bucket's own setting. */
  readonly kmsKeyArn: string | null
}

export interface ObjectStore {
  /** Resolves when the store has the object; one of the same name is replaced. Rejects with the SDK's error. */
  put(object: StoredObject, signal: AbortSignal): Promise<void>
}

/** The time for an object: half a minute, and a second for each megabyte. */
const timeoutMs = (length: number): number => 30_000 + Math.ceil(length / 1000)

/** The SDK would print failures to the console; the caller logs them. */
const SILENT = { trace() {}, debug() {}, info() {}, warn() {}, error() {} }

/** The credentials and addresses are the SDK's own (AWS_ENDPOINT_URL and its likes). */
export function openObjectStore(region: string): Resource<ObjectStore> {
  let opened: S3Client | undefined
  const value: ObjectStore = {
    async put({ path, length, crc32, ...object }, signal) {
      // The SDK takes a while to load.
      const { PutObjectCommand, S3Client } = await import('@aws-sdk/client-s3')
      opened ??= new S3Client({ region, maxAttempts: 1, forcePathStyle: usesPathStyle(), logger: SILENT })
      const checksum = Buffer.alloc(4)
      checksum.writeUInt32BE(crc32)
      const file = await open(path)
      const body = file.createReadStream({ highWaterMark: READ_BYTES })
      // The SDK rejects with the error.
      body.on('error', () => {})
      try {
        await opened.send(
          new PutObjectCommand({
            Bucket: object.bucket,
            Key: object.key,
            Body: body,
            ContentLength: length,
            ChecksumCRC32: checksum.toString('base64'),
            ContentType: 'application/octet-stream',
            ...(object.kmsKeyArn !== null && {
              ServerSideEncryption: 'aws:kms',
              SSEKMSKeyId: object.kmsKeyArn,
            }),
          }),
          { abortSignal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs(length))]) },
        )
      } finally {
        body.destroy()
      }
    },
  }
  return { value, stop: () => opened?.destroy() }
}
