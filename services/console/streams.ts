/** The streams, as the Kinesis API lists them. */
import { type AwsClient, ifFound } from './aws-client.ts'
import { eachOf } from './polled.ts'

export interface StreamRow {
  readonly name: string
  readonly status: string
  readonly shards: number
  readonly retentionHours: number
  /** Registered consumers, each with a pipe of its own (enhanced fan-out). */
  readonly consumers: number
}

/** The first rows of a list. */
export interface Listed<R> {
  readonly rows: readonly R[]
  /** Whether there are more than `MAX_ROWS`. */
  readonly more: boolean
}

export const MAX_ROWS = 200
const AT_ONCE = 8

export async function listStreams(aws: AwsClient, signal: AbortSignal): Promise<Listed<StreamRow>> {
  const names: string[] = []
  let more = true
  while (more && names.length <= MAX_ROWS) {
    const after = names.at(-1)
    const page = await aws.kinesis(
      'ListStreams',
      { Limit: 100, ...(after !== undefined && { ExclusiveStartStreamName: after }) },
      signal,
    )
    names.push(...page.StreamNames)
    more = page.HasMoreStreams && page.StreamNames.length > 0
  }
  const rows = await eachOf(names.slice(0, MAX_ROWS), AT_ONCE, (name) => describe(aws, name, signal))
  return { rows: rows.filter((row) => row !== undefined), more: more || names.length > MAX_ROWS }
}

/** Resolves to undefined if the stream was deleted in the meantime. */
async function describe(aws: AwsClient, name: string, signal: AbortSignal): Promise<StreamRow | undefined> {
  const answer = await ifFound(aws.kinesis('DescribeStreamSummary', { StreamName: name }, signal))
  if (answer === undefined) return undefined
  const { StreamStatus, OpenShardCount, RetentionPeriodHours, ConsumerCount } =
    answer.StreamDescriptionSummary
  return {
    name,
    status: StreamStatus,
    shards: OpenShardCount,
    retentionHours: RetentionPeriodHours,
    consumers: ConsumerCount,
  }
}
