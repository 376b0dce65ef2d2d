/**
 * AWS's protocols that have all operations behind POST /, named by X-Amz-Target: JSON 1.1, and Kinesis' CBOR.
 * What is checked first is as at AWS: CORS, method, body, encoding, operation, signature, input.
 */
import { MAX_UNKNOWN_BODY_BYTES } from '@weir/service'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { AwsAccess } from './access-keys.ts'
import type { Body } from './body.ts'
import { AwsError, errorBody, internalFailure, serializationError, unknownOperation } from './errors.ts'
import {
  type Answer,
  contentTypeOf,
  type Exchange,
  exchange,
  type Head,
  METHODS,
  type Sender,
  senders,
} from './exchange.ts'
import type { Model } from './model.ts'
import { type AwsContext, type AwsOperations, contextOf, HIJACKED, operationOf } from './operation.ts'
import type { Protocol } from './scalars.ts'
import { type Check, compile } from './validate.ts'
import { CONTENT_TYPES, compileEncoder, decode, type Encode, encodeTexts } from './wire.ts'

export interface AwsService {
  /** For which its requests are signed, and the first part of its actions: kinesis. */
  readonly service: string
  /** What its X-Amz-Target begins with: Kinesis_20131202. */
  readonly target: string
  /**
   * Its model, in which the operations stand. What has no function here is an operation that nobody knows.
   */
  readonly model: Model
  readonly operations: AwsOperations
}

export interface AwsJsonOptions {
  /** Their X-Amz-Target prefixes must differ. */
  readonly services: readonly AwsService[]
  readonly access: AwsAccess
  readonly region: string
  /** Twelve digits. */
  readonly accountId: string
  /** The longest body. */
  readonly bodyBytes: number
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

/** Of an older protocol, in which nothing can be asked any more. */
const PLAIN_JSON = 'application/json'

/** A plugin that serves / with all methods. Register it where no other route has that path. */
export function awsJson({
  services,
  access,
  region,
  accountId,
  bodyBytes,
  afterBody,
}: AwsJsonOptions): (app: FastifyInstance) => Promise<void> {
  const targets = new Map(services.flatMap((service) => targetsOf(service)))
  const { head, sender } = senders(access, region)
  const targetOf = (request: FastifyRequest): Target | undefined => {
    const [prefix, name] = String(request.headers['x-amz-target'] ?? '').split('.')
    return targets.get(`${prefix}.${name}`)
  }
  const serviceOf = (request: FastifyRequest): string => (targetOf(request) ?? services[0]).service

  /** Undefined where the operation answers by itself. */
  async function answer(exchange: Exchange, body: Body, from: Head): Promise<Answer | undefined> {
    const { request, requestId } = exchange
    if (request.method !== 'POST') return unnamed()
    const contentType = contentTypeOf(request)
    const target = targetOf(request)
    if (body.length === 0) {
      return errorAnswer(
        target === undefined ? unknownOperation() : serializationError(),
        contentType === CONTENT_TYPES.json ? 'json' : 'cbor',
      )
    }
    if (contentType === PLAIN_JSON) return inOldProtocol(body.own())
    const protocol =
      contentType === CONTENT_TYPES.json ? 'json' : contentType === CONTENT_TYPES.cbor ? 'cbor' : undefined
    if (protocol === undefined)
      return /^[^.]+\.[^.]+/.test(String(request.headers['x-amz-target']))
        ? xml(404, 'UnknownOperationException')
        : unnamed()
    try {
      const output = await start(
        exchange,
        protocol === 'json' ? body.shared() : body.own(),
        protocol,
        target,
        from,
      )
      if (output === HIJACKED) return undefined
      const { encode } = target!
      return {
        status: 200,
        body: encode === undefined ? Buffer.alloc(0) : encode(output ?? {}, protocol),
        contentType: CONTENT_TYPES[protocol],
      }
    } catch (error) {
      if (error instanceof AwsError) return errorAnswer(error, protocol)
      request.log.error({ err: error, operation: target?.operation, requestId }, 'an operation failed inside')
      return errorAnswer(internalFailure(), protocol)
    }
  }

  /**
   * Not in answer, which waits for what this returns: there it would hold the input, and each young
   * collection would copy it.
   */
  function start(
    { request, reply, requestId, headers }: Exchange,
    body: Buffer,
    protocol: Protocol,
    target: Target | undefined,
    from: Head,
  ): unknown {
    const { input, client, signedRegion } = open(from, body, protocol, target)
    const { service, model, operation, check, run } = target!
    const context = contextOf(client, `${service}:${operation}`, accountId, {
      requestId,
      operation,
      model,
      protocol,
      region: signedRegion,
      request,
      reply,
      headers,
    })
    return run(check(input, protocol), context)
  }

  /** What is wrong with the body or the target is told before what is wrong with the signature. */
  function open(
    from: Head,
    body: Buffer,
    protocol: Protocol,
    target: Target | undefined,
  ): Sender & { input: object } {
    const parse = (): object => {
      const input = decode(body, protocol)
      if (target === undefined) throw unknownOperation()
      return input
    }
    let signer: Sender
    try {
      signer = sender(from, body, (target ?? services[0]).service)
    } catch (error) {
      if (body.length <= MAX_UNKNOWN_BODY_BYTES) parse()
      throw error
    }
    return { input: parse(), ...signer }
  }

  const onRequest = exchange({
    bodyBytes: () => bodyBytes,
    head: (request) => head(request, serviceOf(request)),
    foreignPages: () => access.anonymous === undefined,
    answer,
    refused,
    afterBody,
  })
  return async (app) => {
    app.route({
      method: METHODS,
      url: '/',
      exposeHeadRoute: false,
      onRequest,
      handler: () => {
        throw new Error('A request came past the hook that answers it.')
      },
    })
  }
}

/** By "prefix.operation". Throws for operations that the model has not. */
function targetsOf({ service, target, model, operations }: AwsService): [string, Target][] {
  return Object.entries(operations).map(([operation, run]) => {
    const { input, output } = operationOf(model, operation)
    return [
      `${target}.${operation}`,
      {
        service,
        model,
        operation,
        check: input === undefined ? () => ({}) : compile(model, input),
        encode: output === undefined ? undefined : compileEncoder(model, output),
        run: run as Target['run'],
      },
    ]
  })
}

function errorAnswer(error: AwsError, protocol: Protocol): Answer {
  return {
    status: error.status,
    body: encodeTexts(errorBody(error), protocol),
    contentType: CONTENT_TYPES[protocol],
    errorType: error.code,
  }
}

function refused(error: AwsError, request: FastifyRequest): Answer {
  return errorAnswer(error, contentTypeOf(request) === CONTENT_TYPES.cbor ? 'cbor' : 'json')
}

function unnamed(): Answer {
  return xml(403, 'AccessDeniedException', 'Unable to determine service/operation name to be authorized')
}

function xml(status: number, code: string, message?: string): Answer {
  const text =
    message === undefined ? `<${code}/>\n` : `<${code}>\n  <Message>${message}</Message>\n</${code}>\n`
  return { status, body: Buffer.from(text), contentType: undefined, errorType: code }
}

function inOldProtocol(body: Buffer): Answer {
  const answer = (status: number, code: string): Answer => ({
    status,
    contentType: PLAIN_JSON,
    errorType: code,
    body: Buffer.from(
      JSON.stringify({ Output: { __type: `com.amazon.coral.service#${code}` }, Version: '1.0' }),
    ),
  })
  try {
    if (body.length <= MAX_UNKNOWN_BODY_BYTES) decode(body, 'json')
  } catch {
    return answer(400, 'SerializationException')
  }
  return answer(404, 'UnknownOperationException')
}
