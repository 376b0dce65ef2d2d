/**
 * AWS's protocols that have all operations behind POST /, named by X-Amz-Target: JSON 1.1, and Kinesis' CBOR. What is checked first is as at AWS: CORS,
 * method, body, encoding, operation, signature, input.
 */
import { randomBytes, randomUUID } from 'node:crypto'
import type { FastifyInstance, FastifyReply, FastifyRequest, HTTPMethods } from 'fastify'
import type { AwsAccess, AwsClient } from './access-keys.ts'
import { announcedBytes, readBody, UNBOUNDED, type Admission } from './body.ts'
import { accessDenied, AwsError, errorBody, internalFailure, overloaded, serializationError, unknownOperation } from './errors.ts'
import type { Model } from './model.ts'
import type { Protocol } from './scalars.ts'
import { isSigned } from './sigv4/claim.ts'
import { signatureVerifier } from './sigv4/verify.ts'
import { compile, type Check } from './validate.ts'
import { compileEncoder, CONTENT_TYPES, decode, encodeTexts, type Encode } from './wire.ts'

/** What an operation works with beside its input. */
export interface AwsContext {
  readonly client: Pick<AwsClient, 'name'>
  readonly requestId: string
  /** PutRecord */
  readonly operation: string
  readonly model: Model
  readonly protocol: Protocol
  /** For which the request was signed; the service's own where it is not. */
  readonly region: string
  readonly request: FastifyRequest
  /** For operations that return HIJACKED. */
  readonly reply: FastifyReply
  /** Of every answer: ids, and CORS where it is asked for. */
  readonly headers: Readonly<Record<string, string>>
  /** Whether the client may do this operation on the resource: an ARN, or * where there is none. */
  may(resource: string): boolean
  /** Throws AccessDeniedException unless it may. */
  authorize(resource: string): void
}

/** Takes an input of the model's shape, and gives an output of the model's shape, or HIJACKED. Throws AwsErrors. */
export type AwsOperation = (input: never, context: AwsContext) => unknown
export type AwsOperations = Readonly<Record<string, AwsOperation>>

/** Returned by an operation that answers by itself, through context.reply.raw. */
export const HIJACKED = Symbol('hijacked')

export interface AwsService {
  /** For which its requests are signed, and the first part of its actions: kinesis. */
  readonly service: string
  /** What its X-Amz-Target begins with: Kinesis_20131202. */
  readonly target: string
  /** Its model, in which the operations stand. What has no function here is an operation that nobody knows. */
  readonly model: Model
  readonly operations: AwsOperations
}

export interface AwsJsonOptions {
  /** With different targets. */
  readonly services: readonly AwsService[]
  readonly access: AwsAccess
  readonly region: string
  /** Twelve digits. */
  readonly accountId: string
  /** The longest body. */
  readonly bodyBytes: number
  /** Bounds all bodies together; a request that finds no place is answered 503. */
  readonly admission?: Admission
  /** Called when a body is done with. */
  readonly afterBody?: () => void
}

interface Target {
  readonly service: string
  readonly model: Model
  readonly operation: string
  readonly check: Check<unknown>
  /** Undefined where the operation has no output. */
  readonly encode: Encode | undefined
  run(input: unknown, context: AwsContext): unknown
}

interface Sender {
  readonly client: AwsClient
  readonly signedRegion: string
}

interface Answer {
  readonly status: number
  readonly body: Buffer
  /** Undefined: none. */
  readonly contentType: string | undefined
  /** Undefined where it is no error. */
  readonly errorType?: string
}

const NOTHING: Answer = { status: 200, body: Buffer.alloc(0), contentType: undefined }
const METHODS: HTTPMethods[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']
/** Of an older protocol, in which nothing can be asked any more. */
const PLAIN_JSON = 'application/json'
/** Seconds for which browsers keep the answer to a preflight. */
const PREFLIGHT_SECONDS = '172800'
const EXPOSED = 'x-amzn-RequestId,x-amzn-ErrorType,x-amz-request-id,x-amz-id-2,x-amzn-ErrorMessage,Date'
/** Bytes, as many as Kinesis' ids have. */
const ID_2_LENGTH = 72
/** Longer bodies are not parsed for those who do not show who they are (bytes): parsed, a body can be many times as large. */
const MOST_UNKNOWN = 64 << 10

/** A plugin that serves / with all methods. Register it where no other route has that path. */
export function awsJson(
  { services, access, region, accountId, bodyBytes, admission = UNBOUNDED, afterBody = () => {} }: AwsJsonOptions,
): (app: FastifyInstance) => Promise<void> {
  const targets = new Map(services.flatMap((service) => targetsOf(service)))
  const verify = signatureVerifier((accessKeyId) => access.client(accessKeyId))

  async function serve(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    reply.hijack()
    const requestId = randomUUID()
    const headers = headersOf(request, requestId)
    if (request.method === 'OPTIONS' && request.headers.origin !== undefined) return send(reply, headers, NOTHING)
    const lease = admission.admit(Math.min(announcedBytes(request.raw), bodyBytes))
    try {
      if (lease === undefined) throw overloaded()
      const body = await readBody(request.raw, bodyBytes, lease)
      const answer = body === undefined ? undefined : await answerTo(request, reply, requestId, headers, body)
      if (answer !== undefined) send(reply, headers, answer)
    } catch (error) {
      request.raw.resume()
      if (!(error instanceof AwsError)) request.log.error({ err: error, requestId }, 'a request failed inside')
      send(reply, headers, refused(error instanceof AwsError ? error : internalFailure(), request))
    } finally {
      lease?.release()
      afterBody()
    }
  }

  /** Undefined where the operation answers by itself. */
  async function answerTo(
    request: FastifyRequest, reply: FastifyReply, requestId: string, headers: Readonly<Record<string, string>>, body: Buffer,
  ): Promise<Answer | undefined> {
    if (request.method !== 'POST') return unnamed()
    const contentType = contentTypeOf(request)
    const named = String(request.headers['x-amz-target'] ?? '')
    const [prefix, name] = named.split('.')
    const target = targets.get(`${prefix}.${name}`)
    if (body.length === 0) {
      return errorAnswer(target === undefined ? unknownOperation() : serializationError(), contentType === CONTENT_TYPES.json ? 'json' : 'cbor')
    }
    if (contentType === PLAIN_JSON) return inOldProtocol(body)
    const protocol = contentType === CONTENT_TYPES.json ? 'json' : contentType === CONTENT_TYPES.cbor ? 'cbor' : undefined
    if (protocol === undefined) return prefix && name ? xml(404, 'UnknownOperationException') : unnamed()
    try {
      const { input, client, signedRegion } = open(request, body, protocol, target)
      const context = contextOf(target!, client, { requestId, protocol, region: signedRegion, request, reply, headers })
      const output = await target!.run(target!.check(input, protocol), context)
      if (output === HIJACKED) return undefined
      const { encode } = target!
      return { status: 200, body: encode === undefined ? Buffer.alloc(0) : encode(output ?? {}, protocol), contentType: CONTENT_TYPES[protocol] }
    } catch (error) {
      if (error instanceof AwsError) return errorAnswer(error, protocol)
      request.log.error({ err: error, operation: target?.operation, requestId }, 'an operation failed inside')
      return errorAnswer(internalFailure(), protocol)
    }
  }

  /** What is wrong with the body or the target is told before what is wrong with the signature. */
  function open(request: FastifyRequest, body: Buffer, protocol: Protocol, target: Target | undefined): Sender & { input: object } {
    const parse = (): object => {
      const input = decode(body, protocol)
      if (target === undefined) throw unknownOperation()
      return input
    }
    let signer: Sender
    try {
      signer = signerOf(request, body, target)
    } catch (error) {
      if (body.length <= MOST_UNKNOWN) parse()
      throw error
    }
    return { input: parse(), ...signer }
  }

  function signerOf(request: FastifyRequest, body: Buffer, target: Target | undefined): Sender {
    const signed = { method: request.method, url: request.url, rawHeaders: request.raw.rawHeaders }
    if (access.anonymous !== undefined && !isSigned(signed)) return { client: access.anonymous, signedRegion: region }
    const { credential, region: signedRegion } = verify(signed, body, (target ?? services[0]).service)
    return { client: credential, signedRegion }
  }

  function contextOf(
    { service, model, operation }: Target, client: AwsClient, rest: Pick<AwsContext, 'requestId' | 'protocol' | 'region' | 'request' | 'reply' | 'headers'>,
  ): AwsContext {
    const action = `${service}:${operation}`
    return {
      ...rest, client, operation, model,
      may: (resource) => client.may(action, resource),
      authorize(resource) {
        if (!client.may(action, resource)) throw accessDenied(accountId, client.name, action, resource)
      },
    }
  }

  return async (app) => {
    app.route({
      // Before Fastify looks at the body's type: AWS has its own answers to that.
      method: METHODS, url: '/', exposeHeadRoute: false, onRequest: serve,
      handler: () => { throw new Error('A request came past the hook that answers it.') },
    })
  }
}

/** By "prefix.operation". Throws for operations that the model has not. */
function targetsOf({ service, target, model, operations }: AwsService): [string, Target][] {
  return Object.entries(operations).map(([operation, run]) => {
    if (!Object.hasOwn(model.operations, operation)) throw new Error(`The model of ${service} has no operation ${operation}.`)
    const { input, output } = model.operations[operation]
    return [`${target}.${operation}`, {
      service, model, operation,
      check: input === undefined ? () => ({}) : compile(model, input),
      encode: output === undefined ? undefined : compileEncoder(model, output),
      run: run as Target['run'],
    }]
  })
}

function headersOf({ method, headers: { origin, ...asked } }: FastifyRequest, requestId: string): Record<string, string> {
  const headers: Record<string, string> = { 'x-amzn-RequestId': requestId }
  if (origin !== undefined) headers['access-control-allow-origin'] = '*'
  if (origin === undefined || method !== 'OPTIONS') {
    headers['x-amz-id-2'] = randomBytes(ID_2_LENGTH).toString('base64')
    if (origin !== undefined) headers['access-control-expose-headers'] = EXPOSED
    return headers
  }
  headers['access-control-max-age'] = PREFLIGHT_SECONDS
  for (const what of ['headers', 'method'] as const) {
    const value = asked[`access-control-request-${what}`]
    if (typeof value === 'string') headers[`access-control-allow-${what === 'method' ? 'methods' : what}`] = value
  }
  return headers
}

function send({ raw }: FastifyReply, headers: Readonly<Record<string, string>>, { status, body, contentType, errorType }: Answer): void {
  if (raw.headersSent) raw.destroy()
  if (raw.destroyed) return
  const all: Record<string, string | number> = { ...headers, 'content-length': body.length }
  if (contentType !== undefined) all['content-type'] = contentType
  if (errorType !== undefined) all['x-amzn-ErrorType'] = errorType
  raw.writeHead(status, all)
  raw.end(body)
}

function contentTypeOf({ headers }: FastifyRequest): string {
  return (headers['content-type'] ?? '').split(';', 1)[0].trim()
}

function errorAnswer(error: AwsError, protocol: Protocol): Answer {
  return { status: error.status, body: encodeTexts(errorBody(error), protocol), contentType: CONTENT_TYPES[protocol], errorType: error.code }
}

function refused(error: AwsError, request: FastifyRequest): Answer {
  return errorAnswer(error, contentTypeOf(request) === CONTENT_TYPES.cbor ? 'cbor' : 'json')
}

function unnamed(): Answer {
  return xml(403, 'AccessDeniedException', 'Unable to determine service/operation name to be authorized')
}

function xml(status: number, code: string, message?: string): Answer {
  const text = message === undefined ? `<${code}/>\n` : `<${code}>\n  <Message>${message}</Message>\n</${code}>\n`
  return { status, body: Buffer.from(text), contentType: undefined, errorType: code }
}

function inOldProtocol(body: Buffer): Answer {
  const answer = (status: number, code: string): Answer => ({
    status, contentType: PLAIN_JSON, errorType: code,
    body: Buffer.from(JSON.stringify({ Output: { __type: `com.amazon.coral.service#${code}` }, Version: '1.0' })),
  })
  try {
    if (body.length <= MOST_UNKNOWN) decode(body, 'json')
  } catch {
    return answer(400, 'SerializationException')
  }
  return answer(404, 'UnknownOperationException')
}
