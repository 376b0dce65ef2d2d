/**
 * AWS's protocol whose operations have paths and methods of their own, with JSON in the bodies: Lambda's.
 * What is checked first: CORS, body's length, path, signature, input.
 */
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { AwsAccess } from './access-keys.ts'
import type { Body } from './body.ts'
import { AwsError, internalFailure, unknownOperation } from './errors.ts'
import { type Answer, type Exchange, exchange, type Head, METHODS, senders } from './exchange.ts'
import type { Model } from './model.ts'
import { type AwsContext, type AwsOperations, contextOf, HIJACKED, operationOf } from './operation.ts'
import { inputReader, outputWriter, type RestOutput, type RestRequest } from './rest-members.ts'
import { folderOf, type MatchPath, pathMatcher } from './rest-route.ts'
import { queryParameters } from './sigv4/canonical.ts'
import { type Check, compile } from './validate.ts'

export interface AwsRestJsonOptions {
  /** For which requests are signed, and the first part of actions: lambda. */
  readonly service: string
  /** In which the operations stand. What has no function here is an operation that nobody knows. */
  readonly model: Model
  /**
   * Everything below it is served, instead of everything below the first folders of the operations' paths
   * (/2015-03-31/).
   */
  readonly folder?: string
  readonly operations: AwsOperations
  /** By operation, where the action has another name: lambda:InvokeFunction. */
  readonly actions?: Readonly<Record<string, string>>
  /** Types of payloads that are blobs, by operation; application/octet-stream where none is given. */
  readonly payloadTypes?: Readonly<Record<string, string>>
  readonly access: AwsAccess
  readonly region: string
  /** Twelve digits. */
  readonly accountId: string
  /** The longest body. */
  readonly bodyBytes: number
  /** The longest body of operations that take another one, by their names. */
  readonly bodyBytesOf?: Readonly<Record<string, number>>
}

interface Route {
  readonly operation: string
  readonly action: string
  readonly method: string
  readonly match: MatchPath
  /** Of an answer that says nothing else. */
  readonly status: number
  readonly read: (request: RestRequest) => object
  readonly check: Check<unknown>
  readonly write: (output: object) => RestOutput
  run(input: unknown, context: AwsContext): unknown
}

interface Found {
  readonly route: Route
  readonly labels: Readonly<Record<string, string>>
}

const JSON_TYPE = 'application/json'
const NO_OUTPUT: RestOutput = { status: undefined, headers: {}, body: Buffer.alloc(0), blob: false }
/** This protocol answers them 403, those with targets answer them 400. */
const FORBIDDEN = new Set([
  'AccessDeniedException',
  'ExpiredTokenException',
  'IncompleteSignatureException',
  'InvalidSignatureException',
  'MissingAuthenticationTokenException',
  'UnrecognizedClientException',
])

/** A plugin that serves the operations, and says of other paths beside theirs that no operation has them. */
export function awsRestJson({
  service,
  model,
  folder,
  operations,
  actions = {},
  payloadTypes = {},
  access,
  region,
  accountId,
  bodyBytes,
  bodyBytesOf = {},
}: AwsRestJsonOptions): (app: FastifyInstance) => Promise<void> {
  const routes = Object.entries(operations).map(([operation, run]): Route => {
    const { input, output, http } = operationOf(model, operation)
    if (http === undefined) throw new Error(`${operation} of ${service} has no path.`)
    return {
      operation,
      action: actions[operation] ?? `${service}:${operation}`,
      method: http.method,
      match: pathMatcher(http.uri),
      status: http.status ?? 200,
      read: input === undefined ? () => ({}) : inputReader(model, input),
      check: input === undefined ? () => ({}) : compile(model, input),
      write: output === undefined ? () => NO_OUTPUT : outputWriter(model, output),
      run: run as Route['run'],
    }
  })
  const folders = new Set(
    folder === undefined
      ? Object.keys(operations).map((operation) => folderOf(operationOf(model, operation).http!.uri))
      : [folder],
  )
  const { head, sender } = senders(access, region)
  const error = errorWriter(model)

  function find({ method, url }: FastifyRequest): Found | undefined {
    const path = url.split('?', 1)[0]
    for (const route of routes) {
      const labels = route.method === method ? route.match(path) : undefined
      if (labels !== undefined) return { route, labels }
    }
    return undefined
  }

  const longestBody = (request: FastifyRequest): number =>
    bodyBytesOf[find(request)?.route.operation ?? ''] ?? bodyBytes

  async function answer(
    { request, reply, requestId, headers }: Exchange,
    whole: Body,
    from: Head,
  ): Promise<Answer | undefined> {
    let operation: string | undefined
    try {
      const found = find(request)
      if (found === undefined) throw unknownOperation()
      const { route, labels } = found
      operation = route.operation
      const body = whole.own()
      const { client, signedRegion } = sender(from, body, service)
      const input = route.check(
        route.read({ labels, query: queryParameters(request.url), headers: request.headers, body }),
      )
      const context = contextOf(client, route.action, accountId, {
        requestId,
        operation,
        model,
        protocol: 'json',
        region: signedRegion,
        request,
        reply,
        headers,
      })
      const output = await route.run(input, context)
      if (output === HIJACKED) return undefined
      const written = route.write((output ?? {}) as object)
      const contentType = written.blob ? (payloadTypes[operation] ?? 'application/octet-stream') : JSON_TYPE
      return {
        status: written.status ?? route.status,
        headers: written.headers,
        body: written.body,
        contentType: written.body.length === 0 ? undefined : contentType,
      }
    } catch (failure) {
      if (failure instanceof AwsError) return error(failure)
      request.log.error({ err: failure, operation, requestId }, 'an operation failed inside')
      return error(internalFailure())
    }
  }

  /** Too long a body has another name at some services. */
  const refused = (failure: AwsError, request: FastifyRequest): Answer => {
    const operation = find(request)?.route.operation ?? ''
    if (failure.status === 413 && bodyBytesOf[operation] !== undefined) {
      return error(
        new AwsError(
          failure.code,
          `Request must be smaller than ${bodyBytesOf[operation]} bytes for the ${operation} operation`,
          413,
        ),
      )
    }
    const own =
      failure.status === 413
        ? Object.entries(model.errors).find(([, { status }]) => status === 413)
        : undefined
    return error(
      own === undefined
        ? failure
        : new AwsError(own[0], `Request must be smaller than ${longestBody(request)} bytes.`, 413),
    )
  }

  const onRequest = exchange({
    bodyBytes: longestBody,
    head: (request) => head(request, service),
    foreignPages: () => access.anonymous === undefined,
    answer,
    refused,
  })
  return async (app) => {
    for (const folder of folders) {
      app.route({
        // With an end of any form: the router does not take labels as long as ARNs are.
        method: METHODS,
        url: `${folder}*`,
        exposeHeadRoute: false,
        onRequest,
        handler: () => {
          throw new Error('A request came past the hook that answers it.')
        },
      })
    }
  }
}

/** Errors of the model are answered by their shapes, others with their text alone. */
function errorWriter(model: Model): (error: AwsError) => Answer {
  const writers = new Map(
    Object.keys(model.errors).map((code) => [
      code,
      { write: outputWriter(model, code), members: membersOf(model, code) },
    ]),
  )
  return (error) => {
    const { code, message, details } = error
    const known = writers.get(code)
    if (known === undefined) {
      const text =
        message === ''
          ? {}
          : {
              [code === 'AccessDeniedException' || code === 'SerializationException' ? 'Message' : 'message']:
                message,
            }
      return {
        status: statusOf(error),
        body: Buffer.from(JSON.stringify(text)),
        contentType: JSON_TYPE,
        errorType: code,
      }
    }
    const { headers, body } = known.write({
      Type: error.fault === 'client' ? 'User' : 'Server',
      [known.members.has('Message') ? 'Message' : 'message']: message,
      ...details,
    })
    return { status: model.errors[code].status, headers, body, contentType: JSON_TYPE, errorType: code }
  }
}

function membersOf({ shapes }: Model, name: string): ReadonlySet<string> {
  const shape = shapes[name]
  return new Set(shape.type === 'structure' ? Object.keys(shape.members) : [])
}

function statusOf({ code, status }: AwsError): number {
  if (FORBIDDEN.has(code)) return 403
  return code === 'UnknownOperationException' ? 404 : status
}
