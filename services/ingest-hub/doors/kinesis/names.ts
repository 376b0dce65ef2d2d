/**
 * Names of streams, consumers and shards in the form that clients use (Kinesis API reference, "ARNs" in the
 * service model).
 */
import { type Account, AwsError, parseArn, streamArn } from '@weir/aws'
import { type FanOutConsumer, type Stream, shardId } from '@weir/streams'

/** The members with which a request names a stream. */
export interface StreamReference {
  readonly StreamName?: string
  readonly StreamARN?: string
}

/** The resources of ARNs. */
const STREAM = /^stream\/([a-zA-Z0-9_.-]{1,128})$/
const CONSUMER = /^stream\/([a-zA-Z0-9_.-]{1,128})\/consumer\/([a-zA-Z0-9_.-]{1,128}):(\d{1,16})$/
const MAX_SHARD_NUMBER = 2 ** 31 - 1

export class Names {
  readonly account: Account

  constructor(account: Account) {
    this.account = account
  }

  arnOf(stream: string): string {
    return streamArn(this.account, stream)
  }

  /** The consumer's ARN, which ends with the second of its creation, as in Kinesis. */
  consumerArnOf({ stream, name, createdAt }: FanOutConsumer): string {
    return `${this.arnOf(stream)}/consumer/${name}:${Math.floor(createdAt / 1000)}`
  }

  /** The stream's name. An ARN's region does not matter: this service counts as being in all regions. */
  streamOf({ StreamName, StreamARN }: StreamReference): string {
    if (StreamARN === undefined) {
      if (StreamName === undefined) throw invalidArgument('StreamName or StreamARN is required.')
      return StreamName
    }
    const { accountId, parts } = partsOf(StreamARN, STREAM)
    const [, name] = parts
    if (name === undefined || (StreamName !== undefined && StreamName !== name))
      throw invalidArgument(`StreamARN ${StreamARN} does not name the stream.`)
    if (accountId !== this.account.accountId) throw this.notFound(name)
    return name
  }

  /** The parts of a consumer's ARN. Its region does not matter, either. */
  consumerOf(arn: string): { stream: string; name: string; createdSecond: number } {
    const { accountId, parts } = partsOf(arn, CONSUMER)
    const [, stream, name, second] = parts
    if (name === undefined) throw invalidArgument(`ConsumerARN ${arn} does not name a consumer.`)
    if (accountId !== this.account.accountId) throw this.notFound(stream)
    return { stream, name, createdSecond: Number(second) }
  }

  isConsumer(arn: string): boolean {
    return partsOf(arn, CONSUMER).parts.length > 0
  }

  /** @param stream the stream's name, or the ResourceARN of the request */
  notFound(stream: string): AwsError {
    return new AwsError(
      'ResourceNotFoundException',
      `Stream ${stream} under account ${this.account.accountId} not found.`,
    )
  }

  /** @param consumer the consumer's name or ARN, as in the request */
  noConsumer(consumer: string): AwsError {
    const { accountId } = this.account
    return new AwsError('ResourceNotFoundException', `Consumer ${consumer}, account ${accountId} not found.`)
  }

  onDemand({ name }: Stream): AwsError {
    const { accountId } = this.account
    const text = `Request is invalid. Stream ${name} under account ${accountId} is in On-Demand mode.`
    return new AwsError('ValidationException', text)
  }

  notActive({ name, status }: Stream): AwsError {
    return new AwsError(
      'ResourceInUseException',
      `Stream ${name} under account ${this.account.accountId} not ACTIVE, instead in state ${status}`,
    )
  }

  noShard(shard: string, stream: string): AwsError {
    return new AwsError(
      'ResourceNotFoundException',
      `Could not find shard ${shard} in stream ${stream} under account ${this.account.accountId}.`,
    )
  }

  /** The error for a missing shard, in the wording of the operations on iterators. */
  shardGone(shard: string, stream: string): AwsError {
    return new AwsError(
      'ResourceNotFoundException',
      `Shard ${shard} in stream ${stream} under account ${this.account.accountId} does not exist`,
    )
  }

  /** Kinesis accepts any name that ends in a number as a shard's: shardId-000000000001, shard-1, 1. */
  shardOf(text: string, stream: string): string {
    const number = text.split('-')[1] || text
    if (!/^\d+$/.test(number) || Number(number) > MAX_SHARD_NUMBER) throw this.noShard(text, stream)
    return shardId(Number(number))
  }
}

/** Returns the groups of the resource's pattern; none if the text is not an ARN of such a resource. */
function partsOf(text: string, pattern: RegExp): { accountId: string; parts: readonly string[] } {
  const arn = parseArn(text)
  if (arn?.service !== 'kinesis') return { accountId: '', parts: [] }
  return { accountId: arn.accountId, parts: pattern.exec(arn.resource) ?? [] }
}

export function invalidArgument(message: string): AwsError {
  return new AwsError('InvalidArgumentException', message)
}

export function limitExceeded(message: string): AwsError {
  return new AwsError('LimitExceededException', message)
}

/** The error while neither a broker nor the state of the streams can be relied on; SDKs retry. */
export function unavailable(): AwsError {
  return new AwsError(
    'ServiceUnavailable',
    'No broker answers, so records cannot be stored or read now; send the request again.',
    503,
  )
}
