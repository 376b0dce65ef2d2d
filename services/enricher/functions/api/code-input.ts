/** The code of a function as callers give it: an archive in the request, or an object in S3. */
import { Readable } from 'node:stream'
import { type AwsContext, AwsError, formatArn, usesPathStyle } from '@weir/aws'
import { KafkaError } from '@weir/kafka'
import type { Archive } from '../code/archive.ts'
import type { Archives } from '../code/archives.ts'
import { TooLarge, type Upload } from '../code/code-store.ts'
import { ArchiveError, MAX_UNPACKED_BYTES } from '../code/unpack.ts'
import { invalidParameter } from './names.ts'

export interface CodeInput {
  readonly ZipFile?: Buffer
  readonly S3Bucket?: string
  readonly S3Key?: string
  readonly S3ObjectVersion?: string
  readonly ImageUri?: string
  readonly SourceKMSKeyArn?: string
}

/**
 * Bytes of an archive in a request (Lambda quotas, "Deployment package size"). An archive from S3 may be as
 * large as its unpacked files may be.
 */
export const MAX_ZIPPED_BYTES = 52_428_800

/** Returns a usable archive, unpacked here. The caller must discard its file. */
export async function uploadOf(input: CodeInput, archives: Archives, context: AwsContext): Promise<Upload> {
  const { ZipFile, S3Bucket, S3Key, ImageUri, SourceKMSKeyArn } = input
  if (ImageUri !== undefined)
    throw invalidParameter(
      'Container images are not run here; give the code as a zip archive and leave ImageUri out.',
    )
  if (SourceKMSKeyArn) throw invalidParameter('Archives are not encrypted here; leave SourceKMSKeyArn out.')
  if (ZipFile !== undefined && S3Bucket !== undefined)
    throw invalidParameter('Please do not provide other FunctionCode parameters when providing a ZipFile.')
  if (ZipFile !== undefined) return inRequest(ZipFile, archives)
  if (S3Bucket === undefined || S3Key === undefined)
    throw invalidParameter('Please provide a source for function code.')
  // The object is read with the credentials of this service, so the caller needs a separate right to it.
  context.authorize(formatArn({ service: 's3', region: '', accountId: '', resource: S3Bucket }))
  return accepted(archives, await objectOf(input), MAX_UNPACKED_BYTES)
}

async function inRequest(zip: Buffer, archives: Archives): Promise<Upload> {
  if (zip.length === 0) throw invalidParameter('Uploaded file must be a non-empty zip')
  if (zip.length > MAX_ZIPPED_BYTES)
    throw new AwsError(
      'RequestEntityTooLargeException',
      `Zipped size must be smaller than ${MAX_ZIPPED_BYTES} bytes`,
      413,
    )
  return accepted(archives, Readable.from(pieces(zip)), MAX_ZIPPED_BYTES)
}

function* pieces(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += 1 << 20) yield bytes.subarray(at, at + (1 << 20))
}

async function accepted(archives: Archives, source: Readable, maxBytes: number): Promise<Upload> {
  try {
    return await archives.accept(source, maxBytes)
  } catch (error) {
    if (error instanceof TooLarge) throw unpackedTooLarge()
    if (!(error instanceof ArchiveError))
      throw new AwsError(
        'ServiceException',
        `The code could not be unpacked here: ${(error as Error).message}`,
        500,
      )
    if (error.problem === 'too-large') throw unpackedTooLarge()
    const detail = error.problem === 'refused' ? ` ${error.detail}` : ''
    throw invalidParameter(
      `Could not unzip uploaded file. Please check your file, then try to upload again.${detail}`,
    )
  }
}

function unpackedTooLarge(): AwsError {
  return invalidParameter(`Unzipped size must be smaller than ${MAX_UNPACKED_BYTES} bytes`)
}

/** The SDK takes a while to load. Credentials and endpoint are the service's own (AWS_ENDPOINT_URL_S3). */
async function objectOf({ S3Bucket, S3Key, S3ObjectVersion }: CodeInput): Promise<Readable> {
  const { GetObjectCommand, S3Client } = await import('@aws-sdk/client-s3')
  const client = new S3Client({
    region: process.env.AWS_REGION || 'us-east-1',
    forcePathStyle: usesPathStyle(),
  })
  try {
    const { Body } = await client.send(
      new GetObjectCommand({ Bucket: S3Bucket, Key: S3Key, VersionId: S3ObjectVersion }),
    )
    const source = Body as Readable
    source.once('close', () => client.destroy())
    return source
  } catch (error) {
    client.destroy()
    const { name, message } = error as Error
    throw invalidParameter(
      `Error occurred while GetObject. S3 Error Code: ${name}. S3 Error Message: ${message}`,
    )
  }
}

/**
 * Stores the archive, then runs the change that refers to it. Repeats both if the archive was removed in
 * between.
 */
export async function withArchive<T>(
  upload: Upload,
  archives: Archives,
  change: (archive: Archive) => Promise<T>,
): Promise<T> {
  for (;;) {
    try {
      return await change(await archives.store(upload))
    } catch (error) {
      if (error instanceof KafkaError)
        throw new AwsError(
          'ServiceException',
          `It is unknown whether the code was stored; repeat the request. ${error.message}`,
          500,
        )
      if (!(error instanceof ArchiveGone)) throw error
    }
  }
}

/** The archive was removed because nothing referred to it for a while. */
export class ArchiveGone extends Error {
  override readonly name = 'ArchiveGone'
}

/**
 * Returns the archive. Must be called while the change is decided. Throws if the archive was removed
 * meanwhile.
 */
export function keep(archive: Archive, archives: Archives): Archive {
  if (!archives.isKept(archive)) throw new ArchiveGone()
  return archive
}
