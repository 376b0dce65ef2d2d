/** Shard iterators and tokens of lists: where to go on, in plain sight. Whoever makes one up reaches nothing that its access key may not reach anyway. */
import { AwsError } from '@weir/aws'
import { invalidArgument } from './names.ts'

/** Iterators and tokens last for five minutes (API reference, GetShardIterator and ListShards). */
export const TOKEN_MS = 300_000
/** Iterators have at most 512 characters (service model). Kinesis' own begin with these bytes, and what follows comes in blocks of 16. */
const PREFIX = Buffer.from([0, 0, 0, 0, 0, 0, 0, 1])
const BLOCK = 16
const LEAST_BLOCKS = 9

export interface Iterator {
  readonly stream: string
  /** Of the stream, which may have been deleted and created anew meanwhile. */
  readonly createdAt: number
  readonly shard: string
  readonly offset: number
  /** When it was given out, ms since the epoch. */
  readonly issued: number
}

export function formatIterator({ stream, createdAt, shard, offset, issued }: Iterator): string {
  const text = Buffer.from(`${issued}/${stream}/${createdAt}/${shard}/${offset}/`)
  const blocks = Math.max(LEAST_BLOCKS, Math.ceil(text.length / BLOCK))
  return Buffer.concat([PREFIX, text, Buffer.alloc(blocks * BLOCK - text.length)]).toString('base64')
}

const ITERATOR = /^(\d{1,15})\/([a-zA-Z0-9_.-]{1,128})\/(\d{1,15})\/(shardId-\d{12})\/(\d{1,16})\/\0*$/

/** Throws InvalidArgumentException or ExpiredIteratorException. */
export function parseIterator(text: string, now: number): Iterator {
  const bytes = Buffer.from(text, 'base64')
  const found = bytes.toString('base64') === text && bytes.subarray(0, PREFIX.length).equals(PREFIX) ? ITERATOR.exec(bytes.toString('latin1', PREFIX.length)) : null
  if (found === null || Number(found[1]) > now) throw invalidArgument('Invalid ShardIterator.')
  const [issued, createdAt, offset] = [Number(found[1]), Number(found[3]), Number(found[5])]
  if (now - issued > TOKEN_MS) {
    throw new AwsError('ExpiredIteratorException', `Iterator expired. The iterator was created at time ${longTime(issued)} while right now it is ${longTime(now)} `
      + `which is further in the future than the tolerated delay of ${TOKEN_MS} milliseconds.`)
  }
  return { stream: found[2], createdAt, shard: found[4], offset, issued }
}

/** Thu Jan 22 01:22:02 UTC 2015 */
function longTime(time: number): string {
  const [day, date, month, year, clock] = new Date(time).toUTCString().replace(',', '').split(' ')
  return `${day} ${month} ${date} ${clock} UTC ${year}`
}

/** Where a list goes on: what was asked for, and the last item that was shown. */
export interface ListToken<T> {
  readonly issued: number
  readonly list: string
  readonly after: string
  readonly asked: T
}

export function formatToken<T>(token: ListToken<T>): string {
  return Buffer.from(JSON.stringify(token)).toString('base64')
}

/** @param list by which tokens of other lists are told apart */
export function parseToken<T>(text: string, list: string, now: number): ListToken<T> {
  let token: ListToken<T> | undefined
  if (text.length <= 4096) {
    try {
      token = JSON.parse(Buffer.from(text, 'base64').toString()) as ListToken<T>
    } catch {}
  }
  if (typeof token !== 'object' || token === null || token.list !== list || typeof token.issued !== 'number' || typeof token.after !== 'string'
    || typeof token.asked !== 'object' || token.issued > now) throw invalidArgument('Invalid NextToken.')
  if (now - token.issued > TOKEN_MS) throw new AwsError('ExpiredNextTokenException', `The NextToken was given out more than ${TOKEN_MS / 1000} seconds ago; begin again without one.`)
  return token
}
