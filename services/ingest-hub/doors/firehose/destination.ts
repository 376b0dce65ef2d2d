/** Places in S3 as clients configure them. Parts that are not served are refused by name. */
import type { Account } from '@weir/aws'
import {
  type Buffering,
  COMPRESSIONS,
  type Compression,
  PrefixError,
  parsePrefix,
  requireStart,
  type S3Destination,
} from '@weir/deliveries'
import { invalidArgument, refused } from './firehose.ts'
import { partitioningOf, requirePartitioning } from './partitioning.ts'
import { type ProcessingInput, processingOf } from './processing.ts'

/** The members of S3DestinationConfiguration, ExtendedS3DestinationConfiguration, and their updates. */
export interface S3Input {
  readonly RoleARN?: string
  readonly BucketARN?: string
  readonly Prefix?: string
  readonly ErrorOutputPrefix?: string
  readonly BufferingHints?: { readonly SizeInMBs?: number; readonly IntervalInSeconds?: number }
  readonly CompressionFormat?: string
  readonly EncryptionConfiguration?: {
    readonly NoEncryptionConfig?: string
    readonly KMSEncryptionConfig?: { readonly AWSKMSKeyARN: string }
  }
  readonly CloudWatchLoggingOptions?: {
    readonly Enabled?: boolean
    readonly LogGroupName?: string
    readonly LogStreamName?: string
  }
  readonly ProcessingConfiguration?: ProcessingInput
  readonly S3BackupMode?: string
  readonly S3BackupConfiguration?: object
  readonly S3BackupUpdate?: object
  readonly DataFormatConversionConfiguration?: { readonly Enabled?: boolean }
  readonly DynamicPartitioningConfiguration?: { readonly Enabled?: boolean }
  readonly FileExtension?: string
  readonly CustomTimeZone?: string
}

/** API reference, BufferingHints. */
const DEFAULT_SIZE_MIB = 5
const DEFAULT_INTERVAL_SECONDS = 300
/** A Wednesday in September, since the names of both are the longest in English. */
const SAMPLE_TIME = Date.UTC(2025, 8, 24, 20, 30, 40)

const LONGEST_ERROR_TYPE = 'AmazonOpenSearchService_failed'

export const DEFAULTS = {
  prefix: '',
  errorPrefix: '',
  sizeMiB: DEFAULT_SIZE_MIB,
  intervalSeconds: DEFAULT_INTERVAL_SECONDS,
  compression: 'UNCOMPRESSED',
  fileExtension: '',
  timeZone: 'UTC',
  kmsKeyArn: null,
  delimiter: false,
  logging: { enabled: false, group: '', stream: '' },
} satisfies Partial<S3Destination>

/** A delivery stream before it is there. */
export interface Named {
  readonly name: string
  readonly account: Account
}

/**
 * @param before the destination to be updated: settings that the input does not have stay as they are. Without
 * it they have AWS's defaults.
 */
export function destinationOf(
  input: S3Input,
  { name, account }: Named,
  before?: S3Destination,
): S3Destination {
  requireServed(input)
  const base = before ?? { ...DEFAULTS, roleArn: input.RoleARN!, bucketArn: input.BucketARN! }
  const destination: S3Destination = {
    ...base,
    roleArn: input.RoleARN ?? base.roleArn,
    bucketArn: input.BucketARN ?? base.bucketArn,
    prefix: input.Prefix ?? base.prefix,
    errorPrefix: input.ErrorOutputPrefix ?? base.errorPrefix,
    compression: (input.CompressionFormat as Compression | undefined) ?? base.compression,
    fileExtension: input.FileExtension ?? base.fileExtension,
    timeZone: timeZoneOf(input.CustomTimeZone) ?? base.timeZone,
    ...bufferingOf(input.BufferingHints),
    ...encryptionOf(input.EncryptionConfiguration),
    ...processingOf(input.ProcessingConfiguration, account, before),
    ...partitioningOf(input, before),
    ...loggingOf(input.CloudWatchLoggingOptions),
  }
  requirePrefixes(destination, name)
  requirePartitioning(destination)
  return destination
}

function requireServed(input: S3Input): void {
  if (input.S3BackupMode === 'Enabled')
    throw refused('S3BackupMode', 'records are not backed up before they are delivered; leave it out')
  for (const member of ['S3BackupConfiguration', 'S3BackupUpdate'] as const)
    if (input[member] !== undefined)
      throw refused(member, 'records are not backed up before they are delivered; leave it out')
  const conversion = input.DataFormatConversionConfiguration
  // It is on unless it says that it is not (API reference).
  if (conversion !== undefined && conversion.Enabled !== false)
    throw refused('DataFormatConversionConfiguration', 'records are delivered in their own format')
  const { CompressionFormat: compression } = input
  if (compression !== undefined && !(COMPRESSIONS as readonly string[]).includes(compression))
    throw refused(`CompressionFormat ${compression}`, `there are ${COMPRESSIONS.join(' and ')}`)
}

export function bufferingOf(hints: S3Input['BufferingHints']): Partial<Buffering> {
  if (hints === undefined) return {}
  const { SizeInMBs: sizeMiB, IntervalInSeconds: intervalSeconds } = hints
  if (sizeMiB === undefined || intervalSeconds === undefined)
    throw invalidArgument('BufferingHints needs both SizeInMBs and IntervalInSeconds, or must be left out.')
  return { sizeMiB, intervalSeconds }
}

function encryptionOf(given: S3Input['EncryptionConfiguration']): Partial<S3Destination> {
  const key = given?.KMSEncryptionConfig?.AWSKMSKeyARN
  if (key === undefined) return given?.NoEncryptionConfig === undefined ? {} : { kmsKeyArn: null }
  if (given?.NoEncryptionConfig !== undefined)
    throw invalidArgument(
      'EncryptionConfiguration has both NoEncryptionConfig and KMSEncryptionConfig; leave one of them out.',
    )
  return { kmsKeyArn: key }
}

export function loggingOf(
  given: S3Input['CloudWatchLoggingOptions'],
): Partial<Pick<S3Destination, 'logging'>> {
  if (given === undefined) return {}
  const { Enabled: enabled = false, LogGroupName: group = '', LogStreamName: stream = '' } = given
  return { logging: { enabled, group, stream } }
}

/** An empty name means UTC. */
function timeZoneOf(name: string | undefined): string | undefined {
  if (name === undefined) return undefined
  if (name === '') return DEFAULTS.timeZone
  try {
    new Intl.DateTimeFormat('en', { timeZone: name })
  } catch {
    throw invalidArgument(
      `CustomTimeZone ${name} does not exist; there are UTC and names like Europe/Berlin.`,
    )
  }
  return name
}

/** Throws InvalidArgumentException for prefixes that cannot be used. */
export function requirePrefixes(
  { prefix, errorPrefix, fileExtension, timeZone }: S3Destination,
  stream: string,
): void {
  const names = { stream, fileExtension, timeZone }
  const isDynamic = requirePrefix('Prefix', prefix, 'delivered', names)
  requirePrefix('ErrorOutputPrefix', errorPrefix, 'failed', names)
  if (isDynamic && errorPrefix === '')
    throw invalidArgument('ErrorOutputPrefix cannot be null or empty when Prefix contains expressions.')
}

/** Returns whether it has expressions. */
function requirePrefix(
  member: 'Prefix' | 'ErrorOutputPrefix',
  text: string,
  kind: 'delivered' | 'failed',
  { stream, fileExtension, timeZone }: Readonly<Record<'stream' | 'fileExtension' | 'timeZone', string>>,
): boolean {
  try {
    const prefix = parsePrefix(text, kind)
    const start = prefix.evaluate({ time: SAMPLE_TIME, timeZone, errorType: LONGEST_ERROR_TYPE })
    requireStart(start, stream, fileExtension)
    return prefix.dynamic
  } catch (error) {
    throw error instanceof PrefixError ? invalidArgument(`${member} is not valid: ${error.message}`) : error
  }
}
