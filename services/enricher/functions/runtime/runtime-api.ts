/**
 * Lambda's Runtime API, version 2018-06-01, for one environment: its runtime asks for the next invocation and
 * posts its result. Responses are buffered, X-Ray is ignored, and there are no extensions.
 */
import { randomBytes } from 'node:crypto'
import {
  createServer as createHttpServer,
  type Server as HttpServer,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { setTimeout as pause } from 'node:timers/promises'
import { MAX_RESPONSE_BYTES } from './child/frames.mjs'
import type { Call, Host } from './link.ts'
import { errorPayload } from './result.ts'

const TOO_LARGE = `maximum allowed payload size (${MAX_RESPONSE_BYTES} bytes).`
const PREFIX = '/2018-06-01/runtime'
/** The most bytes of headers; for an error, a runtime may put a stack for X-Ray into one. */
const MAX_HEADER_BYTES = 1_100_000
/** A runtime needs one, or one for each request. */
const MAX_CONNECTIONS = 16
/**
 * The most connections and refused requests between two answers. A runtime needs at most two connections for
 * an invocation.
 */
const MAX_IDLE_WORK = 200
/** How many bytes of an oversized response are still read, so that its sender gets to read the answer. */
const MAX_DISCARDED_BYTES = 128 * 1024 * 1024
const NOTHING = Buffer.alloc(0)
/** The connections that may wait until they are checked: what a process can open in a pause. */
const MAX_UNCHECKED = 512
/** The pause after connections from other processes; at least as long as the check took. */
const STRANGERS_MS = 20

export type RuntimeApiHost = Pick<Host, 'ready' | 'answered' | 'dying' | 'intruded'>

/** Returns those of the connections that processes of the environment have opened. */
export type OursOf = (sockets: readonly Socket[]) => Promise<ReadonlySet<Socket>>

export class RuntimeApi {
  readonly #functionArn: string
  readonly #host: RuntimeApiHost
  readonly #http: HttpServer
  /** Connections of the environment. */
  readonly #own = new Set<Duplex>()
  readonly #unchecked = new Set<Socket>()
  #closeServer = (): void => {}
  /** A request for the next invocation, held until there is one. */
  #waiting: ServerResponse | undefined
  /** The call that the environment has handed over and the runtime has not yet requested. */
  #next: Call | undefined
  /** The call that the runtime has received and not yet answered. */
  #current: Call | undefined
  #answering = false
  #started = false
  /** Connections and refused requests since the last answer. */
  #idleWork = 0

  constructor(functionArn: string, host: RuntimeApiHost) {
    this.#functionArn = functionArn
    this.#host = host
    const noTimeouts = { requestTimeout: 0, keepAliveTimeout: 0, headersTimeout: 0 }
    this.#http = createHttpServer({ maxHeaderSize: MAX_HEADER_BYTES, ...noTimeouts }, (request, response) =>
      this.#handle(request, response),
    )
  }

  /**
   * Listens on a port of its own at 127.0.0.1, and reads only connections that `oursOf` returns. Returns
   * HOST:PORT, for AWS_LAMBDA_RUNTIME_API.
   */
  async listen(oursOf: OursOf): Promise<string> {
    const server = createServer({ pauseOnConnect: true })
    server.maxConnections = MAX_UNCHECKED + MAX_CONNECTIONS
    let checking = false
    server.on('connection', async (socket) => {
      this.#unchecked.add(socket)
      socket.on('error', () => {}).once('close', () => this.#unchecked.delete(socket))
      if (checking) return
      checking = true
      while (this.#unchecked.size > 0) await this.#check([...this.#unchecked], oursOf)
      checking = false
    })
    await new Promise<void>((resolve, reject) => {
      server.on('error', reject).listen({ port: 0, host: '127.0.0.1', backlog: MAX_UNCHECKED }, resolve)
    })
    this.#closeServer = () => server.close()
    return `127.0.0.1:${(server.address() as AddressInfo).port}`
  }

  /** Answers requests on this connection, which the environment holds. */
  serve(connection: Duplex): void {
    if (this.#own.size >= MAX_CONNECTIONS) {
      connection.destroy()
      return
    }
    this.#own.add(connection)
    connection.on('error', () => {}).once('close', () => this.#own.delete(connection))
    this.#countIdleWork()
    this.#http.emit('connection', connection)
    connection.resume()
  }

  /** Sets the next invocation that the runtime gets. */
  hand(call: Call): void {
    this.#next = call
    if (this.#waiting) this.#deliver(call, this.#waiting)
  }

  close(): void {
    this.#closeServer()
    for (const connection of [...this.#own, ...this.#unchecked]) connection.destroy()
  }

  /**
   * Serves those of the connections that are ours and closes the others. Checking takes time, though hardly
   * more for many connections than for one, so it pauses if strangers were among them.
   */
  async #check(sockets: readonly Socket[], oursOf: OursOf): Promise<void> {
    const startedAt = performance.now()
    const ours = await oursOf(sockets).catch(() => new Set<Socket>())
    for (const socket of sockets) {
      this.#unchecked.delete(socket)
      if (socket.destroyed) continue
      if (ours.has(socket)) this.serve(socket)
      else socket.destroy()
    }
    if (ours.size < sockets.length) await pause(Math.max(STRANGERS_MS, performance.now() - startedAt))
  }

  #handle(request: IncomingMessage, response: ServerResponse): void {
    const { method, url = '' } = request
    const [, id, what] = /^\/invocation\/([^/]+)\/(response|error)$/.exec(url.slice(PREFIX.length)) ?? []
    if (!url.startsWith(PREFIX)) this.#refuse(response, 404, 'NotFound', `${url} does not exist here.`)
    else if (method === 'GET' && url === `${PREFIX}/invocation/next`) this.#wait(response)
    else if (method === 'POST' && url === `${PREFIX}/init/error`) void this.#initFailed(request, response)
    else if (method === 'POST' && id !== undefined) void this.#answer(id, what === 'error', request, response)
    else this.#refuse(response, 404, 'NotFound', `${method} ${url} does not exist here.`)
  }

  #wait(response: ServerResponse): void {
    if (this.#current || this.#waiting)
      return this.#refuse(response, 403, 'InvalidStateTransition', 'There is no answer yet.')
    this.#waiting = response
    response.once('close', () => {
      if (this.#waiting === response) this.#waiting = undefined
    })
    if (this.#next) this.#deliver(this.#next, response)
    if (this.#started) return
    this.#started = true
    this.#host.ready()
  }

  #deliver(call: Call, response: ServerResponse): void {
    this.#current = call
    this.#next = undefined
    this.#waiting = undefined
    response.writeHead(200, headersOf(call, this.#functionArn))
    response.end(call.payload)
  }

  async #answer(
    id: string,
    isError: boolean,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    if (this.#current === undefined || ascii(this.#current.requestId) !== id || this.#answering) {
      return this.#refuse(response, 400, 'InvalidRequestID', 'Invalid request ID')
    }
    this.#answering = true
    const body = await readBody(request)
    this.#answering = false
    if (body === 'cut off') return
    this.#current = undefined
    this.#idleWork = 0
    if (body === 'too large') {
      reply(response, 413, { errorType: 'RequestEntityTooLarge', errorMessage: `Exceeded ${TOO_LARGE}` })
      const sentence = `Response payload size exceeded ${TOO_LARGE}`
      this.#host.answered('too-large', errorPayload('Function.ResponseSizeTooLarge', sentence))
      return
    }
    reply(response, 202, { status: 'OK' })
    this.#host.answered(isError ? 'handled' : undefined, isError ? errorOf(request, body) : body)
  }

  async #initFailed(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (this.#started)
      return this.#refuse(response, 403, 'InvalidStateTransition', 'The initialization is over.')
    const body = await readBody(request)
    reply(response, 202, { status: 'OK' })
    this.#host.dying('init', errorOf(request, typeof body === 'string' ? NOTHING : body))
  }

  #refuse(response: ServerResponse, status: number, errorType: string, errorMessage: string): void {
    reply(response, status, { errorType, errorMessage })
    this.#countIdleWork()
  }

  /** Bounds the work that the function can cause in this process without answering. */
  #countIdleWork(): void {
    if (++this.#idleWork <= MAX_IDLE_WORK) return
    this.#host.intruded(
      'The function asked the Runtime API too often without an answer; its environment was ended.',
    )
  }
}

function headersOf(call: Call, functionArn: string): Record<string, string | number> {
  return {
    'Content-Type': 'application/json',
    'Content-Length': call.payload.length,
    'Lambda-Runtime-Aws-Request-Id': ascii(call.requestId),
    'Lambda-Runtime-Deadline-Ms': call.deadlineMs,
    'Lambda-Runtime-Invoked-Function-Arn': ascii(call.functionArn ?? functionArn),
    'Lambda-Runtime-Trace-Id': traceId(),
    ...(call.clientContext === undefined
      ? {}
      : { 'Lambda-Runtime-Client-Context': asciiJson(call.clientContext) }),
    ...(call.identity === undefined ? {} : { 'Lambda-Runtime-Cognito-Identity': asciiJson(call.identity) }),
  }
}

async function readBody(request: IncomingMessage): Promise<Buffer | 'too large' | 'cut off'> {
  const parts: Buffer[] = []
  let bytes = 0
  try {
    for await (const part of request as AsyncIterable<Buffer>) {
      bytes += part.length
      if (bytes <= MAX_RESPONSE_BYTES) parts.push(part)
      else if (bytes > MAX_DISCARDED_BYTES) break
    }
  } catch {
    return 'cut off'
  }
  return bytes <= MAX_RESPONSE_BYTES ? Buffer.concat(parts, bytes) : 'too large'
}

/** Returns the error as the runtime describes it. If the description is empty, its type is in a header. */
function errorOf({ headers }: IncomingMessage, body: Buffer): Buffer {
  if (body.length > 0) return body
  const type = headers['lambda-runtime-function-error-type']
  return errorPayload(typeof type === 'string' ? type.slice(0, 256) : 'Runtime.UnknownReason', '')
}

function reply(response: ServerResponse, status: number, body: object): void {
  const text = JSON.stringify(body)
  // The unread rest of a request must not be taken for the next one.
  if (!response.req.complete) response.setHeader('Connection', 'close')
  response.writeHead(status, {
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(text),
  })
  response.end(text)
}

/** Replaces the characters that a header must not have. */
const ascii = (text: string): string => text.replace(/[^ -~]/g, '?')

const asciiJson = (value: unknown): string =>
  JSON.stringify(value).replace(
    /[\u007f-\uffff]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )

function traceId(): string {
  const seconds = Math.floor(Date.now() / 1000).toString(16)
  return `Root=1-${seconds}-${randomBytes(12).toString('hex')};Parent=${randomBytes(8).toString('hex')};Sampled=0`
}
