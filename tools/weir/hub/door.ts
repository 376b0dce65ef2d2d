/**
 * A patient client of the hub's HTTP door: it sends the same ids on every attempt, honours Retry-After, and
 * returns one verdict per record at the end.
 */
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { HEADERS } from '@weir/contracts'
import { backoffMs, pause } from '@weir/timing'
import { Refused, Unreachable } from '../command.ts'
import { encodeBatch, type RecordError, readProblem, readVerdict } from './wire.ts'

export interface DoorOptions {
  readonly url: string
  readonly apiKey: string | undefined
  readonly topic: string
  /** The source of the records; counts are kept per source. */
  readonly source: string
  /** The longest time without progress before giving up, ms. */
  readonly patience: number
  readonly signal: AbortSignal
  /** Called with the reason when an attempt failed and another will follow. */
  readonly onRetry?: (reason: string) => void
}

/** The outcome of a batch; the three parts add up to its length. */
export interface Outcome {
  readonly stored: number
  /** `index` is the record's index in the batch. */
  readonly refused: readonly RecordError[]
  /** Indices of records whose outcome is unknown, because the signal came first. */
  readonly open: readonly number[]
}

/** Longer than a live hub takes to reply: it answers 503 after its own time-out towards Kafka. */
const REPLY_TIMEOUT_MS = 60_000
const FIRST_PAUSE_MS = 100
const MAX_PAUSE_MS = 5_000
const LONGEST_RETRY_AFTER_MS = 60_000
const MAX_REPLY_BYTES = 16 * 1024 * 1024

interface Reply {
  readonly status: number
  readonly retryAfter: string | undefined
  readonly body: string
}

export class Door {
  readonly #options: DoorOptions
  readonly #url: URL
  readonly #agent: HttpAgent
  #lastProgress = Date.now()

  /** @param connections the most requests in flight */
  constructor(options: DoorOptions, connections: number) {
    this.#options = options
    this.#url = new URL(`${options.url}/v1/topics/${encodeURIComponent(options.topic)}/records`)
    const agentOptions = { keepAlive: true, maxSockets: connections }
    this.#agent = this.#url.protocol === 'https:' ? new HttpsAgent(agentOptions) : new HttpAgent(agentOptions)
  }

  /**
   * Sends records (each a JSON object, see wire.ts) until every one is stored or refused; retries the
   * retriable ones, in order. Rejects with Unreachable if nothing gets through for `patience`, and with
   * Refused if the hub refuses the client itself.
   */
  async deliver(records: readonly string[]): Promise<Outcome> {
    const refused: RecordError[] = []
    let stored = 0
    let indices = records.map((_, index) => index)
    for (let attempt = 0; indices.length > 0; ) {
      if (this.#options.signal.aborted) return { stored, refused, open: indices }
      const reply = await this.#post(encodeBatch(indices.map((index) => records[index]))).catch(
        (error: Error) => error,
      )
      if (
        !(reply instanceof Error) &&
        (reply.status === 200 ||
          reply.status === 207 ||
          reply.status === 400 ||
          reply.status === 413 ||
          reply.status === 422)
      ) {
        const verdict =
          reply.status === 413 && indices.length > 1
            ? await this.#halves(records, indices)
            : readVerdict(reply.status, reply.body, indices.length)
        stored += verdict.stored
        const again: number[] = []
        for (const error of verdict.errors) {
          if (error.retriable) again.push(indices[error.index])
          else refused.push({ ...error, index: indices[error.index] })
        }
        if (again.length < indices.length) {
          this.#lastProgress = Date.now()
          attempt = 0
        }
        const first = verdict.errors.find((error) => error.retriable)
        indices = again.sort((a, b) => a - b)
        if (first)
          await this.#pause(attempt++, undefined, `the hub could not store some records: ${first.message}`)
        continue
      }
      const reason = reply instanceof Error ? connectionProblem(reply, this.#url) : clientProblem(reply)
      await this.#pause(attempt++, reply instanceof Error ? undefined : reply.retryAfter, reason)
    }
    return { stored, refused, open: [] }
  }

  close(): void {
    this.#agent.destroy()
  }

  /** Sends a body that was too large as two halves, one after the other, so that order is kept. */
  async #halves(
    records: readonly string[],
    indices: readonly number[],
  ): Promise<{ stored: number; errors: RecordError[] }> {
    const middle = indices.length >> 1
    const first = await this.deliver(indices.slice(0, middle).map((index) => records[index]))
    const second = await this.deliver(indices.slice(middle).map((index) => records[index]))
    const errors = (half: Outcome, from: number): RecordError[] => [
      ...half.refused.map((error) => ({ ...error, index: error.index + from })),
      ...half.open.map((index) => ({
        index: index + from,
        code: 'stopped',
        field: undefined,
        message: 'stopped',
        retriable: true,
      })),
    ]
    return { stored: first.stored + second.stored, errors: [...errors(first, 0), ...errors(second, middle)] }
  }

  /** Waits before the next attempt; rejects if the patience is exhausted. */
  async #pause(attempt: number, retryAfter: string | undefined, reason: string): Promise<void> {
    const { patience, signal, onRetry } = this.#options
    const silence = Date.now() - this.#lastProgress
    if (silence > patience)
      throw new Unreachable(`Nothing was stored for ${Math.round(silence / 1000)} s: ${reason}.`)
    onRetry?.(reason)
    const pauseMs = backoffMs(attempt, FIRST_PAUSE_MS, MAX_PAUSE_MS) * (0.75 + Math.random() / 2)
    await pause(Math.max(pauseMs, readRetryAfter(retryAfter, Date.now())), signal)
  }

  #post(body: string): Promise<Reply> {
    const { apiKey, signal, source } = this.#options
    const request = this.#url.protocol === 'https:' ? httpsRequest : httpRequest
    return new Promise((resolve, reject) => {
      const sent = request(
        this.#url,
        {
          method: 'POST',
          agent: this.#agent,
          timeout: REPLY_TIMEOUT_MS,
          headers: {
            'content-type': 'application/json',
            'content-length': Buffer.byteLength(body),
            [HEADERS.source]: source,
            ...(apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }),
          },
        },
        (response) => {
          readReply(response).then(resolve, reject)
        },
      )
      const abort = (): void => {
        sent.destroy(new Error('stopped'))
      }
      // If the user stops the command, an attempt in flight is given a moment to end, so that the summary
      // counts what was stored.
      const stopping = (): void => {
        setTimeout(abort, 2_000).unref()
      }
      signal.addEventListener('abort', stopping, { once: true })
      sent.once('close', () => signal.removeEventListener('abort', stopping))
      sent.once('timeout', () => sent.destroy(new Error(`no reply within ${REPLY_TIMEOUT_MS / 1000} s`)))
      sent.once('error', reject)
      sent.end(body)
    })
  }
}

/** Reads Retry-After, in seconds or as a date (RFC 9110, 10.2.3), with an upper bound; 0 if there is none. */
export function readRetryAfter(header: string | undefined, now: number): number {
  if (header === undefined) return 0
  const ms = /^\d+(\.\d+)?$/.test(header) ? Number(header) * 1000 : Date.parse(header) - now
  return Number.isNaN(ms) ? 0 : Math.min(Math.max(ms, 0), LONGEST_RETRY_AFTER_MS)
}

function readReply(response: IncomingMessage): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    response.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size > MAX_REPLY_BYTES) response.destroy(new Error('the reply is longer than 16 MiB'))
      else chunks.push(chunk)
    })
    response.once('error', reject)
    response.once('aborted', () => reject(new Error('the connection broke in the middle of the reply')))
    response.once('end', () =>
      resolve({
        status: response.statusCode ?? 0,
        retryAfter: response.headers['retry-after'],
        body: Buffer.concat(chunks).toString('utf8'),
      }),
    )
  })
}

/** Throws for a status that ends the run; returns the reason for one that a retry may resolve. */
function clientProblem({ status, body }: Reply): string {
  const problem = readProblem(body)
  const said = problem ? ` ${problem.message}` : ''
  if (status === 401) throw new Refused(`The hub requires an API key; set WEIR_API_KEY.${said}`)
  if (status === 403) throw new Refused(`The API key in WEIR_API_KEY may not write to this topic.${said}`)
  if (status === 404) throw new Refused(said.trim() || 'The hub does not know this topic.')
  if (status === 429) return 'the hub asks to slow down (429)'
  if (status >= 500 || status === 408) return `the hub answered ${status}.${said}`.replace(/\.$/, '')
  throw new Refused(`The hub answered ${status}.${said}`)
}

function connectionProblem(error: NodeJS.ErrnoException, { host }: URL): string {
  if (error.code === 'ECONNREFUSED') return `nothing listens at ${host}; start the hub or set HUB_URL`
  if (error.code === 'ENOTFOUND' || error.code === 'EAI_AGAIN')
    return `the host name of ${host} is not known; check HUB_URL`
  return `the connection to ${host} failed (${error.message || error.code})`
}
