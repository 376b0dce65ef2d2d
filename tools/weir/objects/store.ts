/**
 * Reads an object store with AWS's SDK, its variables and its credentials. The store of the running stack accepts any
 * credentials.
 */
import {
  GetObjectCommand,
  ListBucketsCommand,
  ListObjectsV2Command,
  S3Client,
  type S3ServiceException,
} from '@aws-sdk/client-s3'
import { usesPathStyle } from '@weir/aws'
import { reasonOf } from '@weir/service/probe.ts'
import { BUCKET } from '@weir/stack/servers/objects.ts'
import { readState } from '@weir/stack/state.ts'
import { Refused, Unreachable } from '../command.ts'
import { hint } from '../nearest.ts'
import { plainLine } from '../terminal/plain.ts'
import { type Address, addressOf } from './address.ts'

export interface Listed {
  readonly key: string
  readonly bytes: number
  /** Milliseconds since the epoch. */
  readonly modifiedAt: number
}

export interface Page {
  readonly objects: readonly Listed[]
  /** Whether the store has more. */
  readonly more: boolean
}

export interface ObjectReader {
  buckets(): Promise<{ readonly name: string; readonly createdAt: number | undefined }[]>
  /**
   * Lists up to `limit` objects whose keys begin with the address's, in their order.
   * @param after leaves out the keys up to this one
   */
  list(address: Address, limit: number, after: string | undefined): Promise<Page>
  /** The bytes as they are stored. */
  read(address: Address, signal: AbortSignal): Promise<AsyncIterable<Buffer>>
  close(): void
}

const TIMEOUT_MS = 30_000
const PAGE = 1000

export function openReader(env: NodeJS.ProcessEnv = process.env): ObjectReader {
  const endpoint = env.AWS_ENDPOINT_URL_S3 || undefined
  const isStacks = endpoint !== undefined && endpoint === readState()?.environment.AWS_ENDPOINT_URL_S3
  const s3 = new S3Client({
    region: env.AWS_REGION || 'us-east-1',
    forcePathStyle: usesPathStyle(),
    ...(isStacks && { credentials: { accessKeyId: 'test', secretAccessKey: 'test' } }),
  })
  const where = endpoint ?? 'S3'

  const buckets = async () => {
    const { Buckets = [] } = await s3
      .send(new ListBucketsCommand({ MaxBuckets: PAGE }), { abortSignal: AbortSignal.timeout(TIMEOUT_MS) })
      .catch((error) => explained(error, where))
    // Without users, SeaweedFS lists no buckets.
    if (isStacks && Buckets.length === 0) return [{ name: BUCKET, createdAt: undefined }]
    return Buckets.map(({ Name = '', CreationDate }) => ({ name: Name, createdAt: CreationDate?.getTime() }))
  }

  const refused = async (error: S3ServiceException, { bucket, key }: Address): Promise<never> => {
    if (error.name === 'NoSuchKey')
      throw new Refused(
        `There is no object ${plainLine(addressOf({ bucket, key }))}; see \`weir objects ls\`.`,
      )
    if (error.name !== 'NoSuchBucket') return explained(error, where)
    const names = (await buckets()).map(({ name }) => name)
    const list = names.length === 0 ? 'The store lists none' : `There are ${names.slice(0, 20).join(', ')}`
    throw new Refused(`There is no bucket ${bucket}.${hint(bucket, names)} ${list}.`)
  }

  return {
    buckets,

    async list(address, limit, after) {
      const objects: Listed[] = []
      let token: string | undefined
      do {
        const page = await s3
          .send(
            new ListObjectsV2Command({
              Bucket: address.bucket,
              Prefix: address.key,
              // Control characters are not allowed in XML.
              EncodingType: 'url',
              MaxKeys: Math.min(PAGE, limit - objects.length),
              ContinuationToken: token,
              ...(token === undefined && { StartAfter: after }),
            }),
            { abortSignal: AbortSignal.timeout(TIMEOUT_MS) },
          )
          .catch((error) => refused(error, address))
        for (const { Key = '', Size = 0, LastModified } of page.Contents ?? [])
          objects.push({ key: decoded(Key), bytes: Size, modifiedAt: LastModified?.getTime() ?? 0 })
        token = page.IsTruncated ? page.NextContinuationToken : undefined
      } while (token !== undefined && objects.length < limit)
      return { objects, more: token !== undefined }
    },

    async read(address, signal) {
      const { Body } = await s3
        .send(new GetObjectCommand({ Bucket: address.bucket, Key: address.key }), { abortSignal: signal })
        .catch((error) => refused(error, address))
      return Body as AsyncIterable<Buffer>
    },

    close: () => s3.destroy(),
  }
}

function decoded(key: string): string {
  try {
    return decodeURIComponent(key.replaceAll('+', ' '))
  } catch {
    return key
  }
}

function explained(error: S3ServiceException, where: string): never {
  const { name, message, $metadata } = error
  if (name === 'CredentialsProviderError')
    throw new Refused(
      'There are no credentials for S3; set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.',
    )
  const status = $metadata?.httpStatusCode
  if (status === undefined)
    throw new Unreachable(
      `The object store (${where}) does not answer (${reasonOf(error)}); start it, or set AWS_ENDPOINT_URL_S3.`,
    )
  const said = `The object store (${where}) answered ${status}: ${plainLine(message || name)}`
  if (status < 500) throw new Refused(said)
  throw new Unreachable(said)
}
