/** The settings that all endpoints have: a buffer, retries, and a backup in S3. */
import type { Buffering, Endpoint } from '@weir/deliveries'
import {
  bufferingOf,
  DEFAULTS,
  destinationOf,
  loggingOf,
  type Named,
  requirePrefixes,
  type S3Input,
} from './destination.ts'
import { refused } from './firehose.ts'
import type { Receiver } from './receiver.ts'

/** Members that the destinations of all endpoints have. */
export interface EndpointInput {
  readonly RoleARN?: string
  readonly BufferingHints?: S3Input['BufferingHints']
  readonly CloudWatchLoggingOptions?: S3Input['CloudWatchLoggingOptions']
  readonly ProcessingConfiguration?: S3Input['ProcessingConfiguration']
  readonly RetryOptions?: { readonly DurationInSeconds?: number }
  readonly S3BackupMode?: string
  readonly S3Configuration?: S3Input
  readonly S3Update?: S3Input
}

type Common = Pick<Endpoint, 'roleArn' | 'retrySeconds' | 'backsUpAll' | 'backupBuffering' | 'logging'>

/** API reference, RetryOptions. */
const DEFAULT_RETRY_SECONDS = 300

/**
 * Returns the backup's place with the endpoint's buffer, and the rest of what endpoints have in common. Settings that
 * the input does not have stay as they are.
 * @param modeOfAll the mode in which all records are backed up
 */
export function backupOf(
  input: EndpointInput,
  named: Named,
  modeOfAll: string,
  before?: { readonly destination: Receiver['destination']; readonly endpoint: Common },
): { readonly destination: Receiver['destination']; readonly common: Common } {
  const { ProcessingConfiguration: processing, S3BackupMode: mode } = input
  if (processing?.Processors?.length)
    throw refused('ProcessingConfiguration', 'endpoints get records as they are')
  const s3 = input.S3Configuration ?? input.S3Update ?? {}
  const beforeS3 = before && { ...before.destination, ...before.endpoint.backupBuffering }
  const backup = destinationOf(s3, named, beforeS3)
  // Without a prefix of their own, records that were given up are below that of the others.
  requirePrefixes({ ...backup, errorPrefix: backup.errorPrefix || backup.prefix }, named.name)
  const buffering = bufferOf(before?.destination ?? DEFAULTS)
  return {
    destination: { ...backup, ...buffering, ...bufferingOf(input.BufferingHints) },
    common: {
      roleArn: input.RoleARN ?? before?.endpoint.roleArn ?? null,
      retrySeconds:
        input.RetryOptions?.DurationInSeconds ?? before?.endpoint.retrySeconds ?? DEFAULT_RETRY_SECONDS,
      backsUpAll: mode === undefined ? (before?.endpoint.backsUpAll ?? false) : mode === modeOfAll,
      backupBuffering: bufferOf(backup),
      logging: before?.endpoint.logging ?? DEFAULTS.logging,
      ...loggingOf(input.CloudWatchLoggingOptions),
    },
  }
}

const bufferOf = ({ sizeMiB, intervalSeconds }: Buffering): Buffering => ({ sizeMiB, intervalSeconds })
