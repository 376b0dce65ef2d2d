/** One request and its response, from the queue of its origin to the end of the response. */
import { type Dispatcher, util } from 'undici'
import type { Connection, Stage } from './connection.ts'
import { EgressError } from './errors.ts'
import type { Origin, Pool } from './pool.ts'
import { type EgressRequest, type EgressResponse, headersOf } from './request.ts'
import type { Target } from './target.ts'

/** The bytes that are read beyond a body's limit, so that its connection can be used again. */
const MAX_DRAINED_BYTES = 64 << 10

const WAITED_FOR: Readonly<Record<Stage | 'pool', string>> = {
  pool: 'its connections were all in use',
  connect: 'there was no connection',
  tls: 'the TLS handshake did not end',
  response: 'the response was not complete',
}

type Resolve = (response: EgressResponse) => void
type Reject = (reason: unknown) => void

/** A request, or the part of it between two redirects. */
export interface Attempt {
  readonly request: EgressRequest
  readonly target: Target
  /** The time that is left. */
  readonly timeoutMs: number
}

/** undici calls the methods with `on` in their names. */
export class Exchange implements Dispatcher.DispatchHandlers {
  readonly target: Target
  readonly options: Dispatcher.DispatchOptions
  readonly #request: EgressRequest
  readonly #pool: Pool
  readonly #resolve: Resolve
  readonly #reject: Reject
  readonly #timer: NodeJS.Timeout
  #origin: Origin | undefined
  #connection: Connection | undefined
  #isSettled = false
  #status = 0
  #headers: EgressResponse['headers'] = {}
  #chunks: Buffer[] = []
  #size = 0

  constructor({ request, target, timeoutMs }: Attempt, pool: Pool, resolve: Resolve, reject: Reject) {
    this.target = target
    const { method, body, signal } = request
    this.options = { path: target.path, method, headers: headersOf(request, target), body }
    this.#request = request
    this.#pool = pool
    this.#resolve = resolve
    this.#reject = reject
    this.#timer = setTimeout(() => this.#expire(), timeoutMs)
    signal?.addEventListener('abort', this.#abort)
  }

  /** It waits for a connection to the origin. */
  wait(origin: Origin): void {
    this.#origin = origin
  }

  start(connection: Connection): void {
    this.#origin = undefined
    this.#connection = connection
    connection.send(this)
  }

  /** Rejects the request if its response is not there yet, and ends its connection. */
  fail(reason: unknown): void {
    this.#end()
    if (!this.#isSettled) this.#reject(reason)
    this.#isSettled = true
    if (this.#connection !== undefined) this.#pool.close(this.#connection)
    else if (this.#origin !== undefined) this.#pool.leave(this.#origin, this)
  }

  onConnect(): void {}

  onHeaders(status: number, headers: Buffer[]): boolean {
    if (status < 200) return true
    this.#status = status
    // A name such as `constructor` is one like any other.
    this.#headers = util.parseHeaders(headers, Object.create(null))
    return true
  }

  onData(chunk: Buffer): boolean {
    const room = this.#request.maxResponseBytes - this.#size
    this.#size += chunk.length
    if (room > 0) this.#chunks.push(chunk.length > room ? chunk.subarray(0, room) : chunk)
    if (chunk.length > room) this.#settle()
    if (chunk.length > room + MAX_DRAINED_BYTES) this.#pool.close(this.#connection!)
    return true
  }

  onComplete(): void {
    this.#end()
    this.#settle()
    this.#pool.release(this.#connection!)
  }

  onError(error: Error): void {
    this.fail(failureOf(error, this.target, this.#connection?.stage ?? 'connect'))
  }

  #settle(): void {
    if (this.#isSettled) return
    this.#isSettled = true
    this.#resolve({
      status: this.#status,
      headers: this.#headers,
      // A copy, since chunks are parts of large buffers.
      body: Buffer.concat(this.#chunks),
      remoteAddress: this.#connection!.remoteAddress,
    })
    this.#chunks = []
  }

  #end(): void {
    clearTimeout(this.#timer)
    this.#request.signal?.removeEventListener('abort', this.#abort)
  }

  readonly #abort = (): void => this.fail(this.#request.signal!.reason)

  #expire(): void {
    const { timeoutMs } = this.#request
    const reason = WAITED_FOR[this.#connection?.stage ?? 'pool']
    this.fail(
      new EgressError(
        'timeout',
        `The request to ${this.target.origin} did not end within ${timeoutMs} ms: ${reason}.`,
      ),
    )
  }
}

/** The codes of undici's errors for responses that it does not read; those of its parser begin with HPE_. */
const BAD_RESPONSE = /^(?:HPE_.*|UND_ERR_HEADERS_OVERFLOW|UND_ERR_RES_CONTENT_LENGTH_MISMATCH)$/

function failureOf(error: Error, { origin }: Target, stage: Stage): EgressError {
  if (error instanceof EgressError) return error
  const { code = error.name } = error as NodeJS.ErrnoException
  if (stage === 'connect')
    return new EgressError('connect', `No connection to ${origin} could be opened (${code}).`)
  if (stage === 'tls') return new EgressError('tls', `The TLS handshake with ${origin} failed (${code}).`)
  if (BAD_RESPONSE.test(code))
    return new EgressError('bad-response', `The response of ${origin} cannot be read (${code}).`)
  return new EgressError(
    'reset',
    `${origin} closed the connection before its response was complete (${code}).`,
  )
}
