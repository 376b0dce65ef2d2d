/**
 * Shard iterators, and how long these and the tokens of lists last. Iterators are readable, and a made-up one
 * gives its sender no access beyond that of its access key.
 */
import { AwsError, parseToken } from '@weir/aws'
import { invalidArgument } from './names.ts'

/** Iterators and tokens last for five minutes (API reference, GetShardIterator and ListShards). */
export const TOKEN_MS = 300_000
/**
 * How far the clocks of replicas may differ: a replica may receive a token a moment after another one issued
 * it.
 */
const MAX_SKEW_MS = 60_000
/**
 * Iterators have at most 512 characters (service model). Kinesis' own begin with these bytes, and the rest
 * comes in blocks of 16.
 */
const PREFIX = Buffer.from([0, 0, 0, 0, 0, 0, 0, 1])
const BLOCK = 16
const MIN_BLOCKS = 9

export interface Iterator {
  readonly stream: string
  /** When the stream was created; it may have been deleted and recreated since the iterator was issued. */
  readonly createdAt: number
  readonly shard: string
  readonly offset: number
  /** When the iterator was issued, ms since the epoch. */
  readonly issued: number
}

export function formatIterator({ stream, createdAt, shard, offset, issued }: Iterator): string {
  const text = Buffer.from(`${issued}/${stream}/${createdAt}/${shard}/${offset}/`)
  const blocks = Math.max(MIN_BLOCKS, Math.ceil(text.length / BLOCK))
  return Buffer.concat([PREFIX, text, Buffer.alloc(blocks * BLOCK - text.length)]).toString('base64')
}

const ITERATOR = /^(\d{1,15})\/([a-zA-Z0-9_.-]{1,128})\/(\d{1,15})\/(shardId-\d{12})\/(\d{1,16})\/\0*$/

/**
 * Accepts quotation marks around the iterator, as AWS does: the AWS CLI prints them with `--query
 * ShardIterator`. Throws InvalidArgumentException or ExpiredIteratorException.
 */
export function parseIterator(given: string, now: number): Iterator {
  const text = /^"(.*)"$/.exec(given)?.[1] ?? given
  const bytes = Buffer.from(text, 'base64')
  const isOurs = bytes.toString('base64') === text && bytes.subarray(0, PREFIX.length).equals(PREFIX)
  const found = isOurs ? ITERATOR.exec(bytes.toString('latin1', PREFIX.length)) : null
  if (found === null || Number(found[1]) > now + MAX_SKEW_MS) throw invalidIterator()
  const [issued, createdAt, offset] = [Number(found[1]), Number(found[3]), Number(found[5])]
  if (now - issued > TOKEN_MS) {
    throw new AwsError(
      'ExpiredIteratorException',
      `Iterator expired. The iterator was created at time ${longTime(issued)} while right now it is ${longTime(now)} ` +
        `which is further in the future than the tolerated delay of ${TOKEN_MS} milliseconds.`,
    )
  }
  return { stream: found[2], createdAt, shard: found[4], offset, issued }
}

/** Thu Jan 22 01:22:02 UTC 2015 */
function longTime(time: number): string {
  const [day, date, month, year, clock] = new Date(time).toUTCString().replace(',', '').split(' ')
  return `${day} ${month} ${date} ${clock} UTC ${year}`
}

export function invalidIterator(): AwsError {
  return invalidArgument('Invalid ShardIterator.')
}

/** Matches a name or a number. */
const FIELD = /^[a-zA-Z0-9_.-]*$/

/**
 * Returns the `count` fields of a NextToken. Throws InvalidArgumentException or ExpiredNextTokenException.
 */
export function fieldsOf(text: string, list: string, count: number, now: number): readonly string[] {
  const token = parseToken(text, list, count)
  if (token === undefined || token.issuedAt > now + MAX_SKEW_MS) throw invalidToken()
  if (!token.fields.every((field) => FIELD.test(field))) throw invalidToken()
  if (now - token.issuedAt > TOKEN_MS) {
    throw new AwsError(
      'ExpiredNextTokenException',
      `The NextToken was given out more than ${TOKEN_MS / 1000} seconds ago; start again without one.`,
    )
  }
  return token.fields
}

export function invalidToken(): AwsError {
  return invalidArgument('Invalid NextToken.')
}
