/**
 * `application/x-ndjson`: one record per line, sent as the lines arrive. A sent record cannot be taken back,
 * so an error ends the stream and the rest is refused.
 */
import { isUtf8 } from 'node:buffer'
import { HttpError, type Lease, shapeOfJson } from '@weir/service'
import type { RecordErrorCode } from '../../intake/errors.ts'
import type { Submission } from '../../intake/submission.ts'
import { afterBom, complaint } from './json-batch.ts'
import { LIMITS } from './limits.ts'
import { LineSplitter } from './lines.ts'
import { Outcome } from './outcome.ts'

/** Why the rest of a stream is not accepted. */
interface Stop {
  readonly code: RecordErrorCode
  readonly message: string
  readonly retriable: boolean
}

const PRESSURE: Stop = {
  code: 'buffer-full',
  message: 'There is no room for this line and those after it now; send them again later.',
  retriable: true,
}
const UNSETTLED: Stop = {
  code: 'not-sent',
  message: 'This line and those after it are not stored, because an earlier record failed; send them again.',
  retriable: true,
}
const FORBIDDEN: Stop = {
  code: 'not-sent',
  retriable: false,
  message:
    'The API key has lost the right to write to this topic; this line and those after it are not stored.',
}

export interface StreamOptions {
  readonly chunks: AsyncIterable<Buffer>
  readonly lease: Lease
  /** Whether the client may still write to the topic: it may lose the right while it is sending. */
  mayWrite(): boolean
  /** Begins a submission whose first record has the index `first` in the request. */
  submission(first: number): Submission
}

/** Reads to the end or to the first error. Rethrows an error of `chunks` if no record was read before it. */
export async function storeLines({ chunks, lease, mayWrite, submission }: StreamOptions): Promise<Outcome> {
  const outcome = new Outcome()
  const window = new Window(submission)
  const splitter = new LineSplitter(LIMITS.lineBytes, window)
  let bytes = 0
  let stop: Stop | undefined
  try {
    for await (const chunk of chunks) {
      bytes += chunk.length
      if (bytes > LIMITS.streamBytes) stop = tooMuch(`${LIMITS.streamBytes} bytes`)
      else if (!mayWrite()) stop = FORBIDDEN
      for (let at = 0; !stop && at < chunk.length; ) {
        if (!lease.cover(splitter.carriedBytes + 2 * chunk.length + outcome.listBytes)) {
          stop = PRESSURE
          break
        }
        at = splitter.push(chunk, at)
        if (window.lines > LIMITS.streamLines) stop = tooMuch(`${LIMITS.streamLines} lines`)
        else if (window.isFull && (await window.settle(outcome))) stop = UNSETTLED
      }
      if (stop) break
    }
    if (!stop) splitter.end()
  } catch (error) {
    if (!(error instanceof HttpError) || window.count === 0) throw error
    stop = {
      code: 'not-sent',
      message: `${error.message} This line and those after it are not stored.`,
      retriable: false,
    }
  }
  await window.settle(outcome)
  if (window.count === 0 && stop?.code === 'too-large') throw new HttpError(413, stop.code, stop.message)
  if (stop) outcome.giveUp({ index: window.count, ...stop, toEnd: true })
  else if (window.count === 0)
    throw new HttpError(
      400,
      'empty-body',
      'The body does not have records; send one per line: { "value": { … } }.',
    )
  return outcome
}

function tooMuch(most: string): Stop {
  return {
    code: 'too-large',
    message: `A body may have at most ${most} when decompressed; send this line and those after it in another request.`,
    retriable: true,
  }
}

/** The lines whose outcome is awaited together. Bounds what one stream has in flight. */
class Window {
  count = 0
  lines = 0
  readonly #begin: (first: number) => Submission
  #current: Submission
  #bytes = 0

  constructor(begin: (first: number) => Submission) {
    this.#begin = begin
    this.#current = begin(0)
  }

  get isFull(): boolean {
    return (
      this.#current.count >= LIMITS.windowRecords ||
      this.#bytes >= LIMITS.windowBytes ||
      this.#current.errors.length >= LIMITS.windowErrors
    )
  }

  /**
   * Waits until this window is stored or has failed, then begins the next one. Returns true if a record
   * failed that could be stored later: no later record may overtake it.
   */
  async settle(outcome: Outcome): Promise<boolean> {
    const settled = this.#current
    const error = await settled.settled()
    outcome.add(settled, error)
    this.#current = this.#begin(this.count)
    this.#bytes = 0
    return error?.retriable ?? false
  }

  line(bytes: Buffer, start: number, end: number): void {
    if (++this.lines === 1) start = afterBom(bytes, start, end)
    if (this.lines > LIMITS.streamLines || isBlank(bytes, start, end)) return
    this.count++
    this.#bytes += end - start
    if (!isUtf8(bytes.subarray(start, end)))
      return this.#current.addUnread('not-json', 'The line is not valid UTF-8.')
    const { depth, values, names } = shapeOfJson(bytes, start, end)
    if (depth > LIMITS.depth)
      return this.#current.addUnread('too-deep', `The line nests deeper than ${LIMITS.depth} levels.`)
    if (values > LIMITS.lineValues)
      return this.#current.addUnread('too-large', `A line may have at most ${LIMITS.lineValues} values.`)
    if (names > LIMITS.names)
      return this.#current.addUnread('too-large', `A line may have at most ${LIMITS.names} different names.`)
    let record: unknown
    try {
      record = JSON.parse(bytes.toString('utf8', start, end))
    } catch (error) {
      return this.#current.addUnread('not-json', `The line is not JSON: ${complaint(error)}`)
    }
    this.#current.add(record)
  }

  tooLong(): void {
    this.lines++
    this.count++
    this.#current.addUnread('too-large', `A line may have at most ${LIMITS.lineBytes} bytes.`)
  }
}

function isBlank(bytes: Buffer, start: number, end: number): boolean {
  while (start < end && (bytes[start] === 0x20 || bytes[start] === 0x09 || bytes[start] === 0x0d)) start++
  return start === end
}
