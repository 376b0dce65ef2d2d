/**
 * AWS's protocol whose operations have methods and paths of their own, with JSON in the bodies: Lambda's. The
 * order of checks is AWS's: path, signature, input.
 */
import type { FastifyRequest } from 'fastify'
import type { Answer } from '../answer.ts'
import type { Api, Operation } from '../api.ts'
import type { Body } from '../body.ts'
import { AwsError } from '../errors.ts'
import { type Model, structureOf } from '../model.ts'
import { queryParameters } from '../sigv4/canonical.ts'
import { addOnce, type Call, type Protocol } from './protocol.ts'
import { inputReader, outputWriter, type RestOutput, type RestRequest } from './rest-members.ts'
import { type MatchPath, pathMatcher } from './rest-route.ts'

interface Route {
  readonly operation: Operation
  readonly method: string
  readonly match: MatchPath
  /** The status of an answer whose output does not have one. */
  readonly status: number
  readonly payloadType: string
  readonly read: (request: RestRequest) => object
  readonly write: (output: object) => RestOutput
}

interface Found {
  readonly route: Route
  readonly labels: Readonly<Record<string, string>>
}

type WriteError = (error: AwsError) => Answer

const JSON_TYPE = 'application/json'
const NO_OUTPUT: RestOutput = {
  status: undefined,
  headers: {},
  contentType: undefined,
  body: Buffer.alloc(0),
  blob: false,
}
/** The errors with status 403 in this protocol; those with targets have 400. */
const FORBIDDEN = new Set([
  'AccessDeniedException',
  'ExpiredTokenException',
  'IncompleteSignatureException',
  'InvalidSignatureException',
  'MissingAuthenticationTokenException',
  'UnrecognizedClientException',
])

export function restJsonProtocol(apis: readonly Api[]): Protocol {
  const routes = new Map<string, Route>()
  const folders = new Map<string, Api>()
  const errors = new Map(apis.map((api) => [api, errorWriter(api.model)]))
  for (const api of apis) {
    for (const folder of api.options.folder ? [api.options.folder] : (api.model.folders ?? []))
      folders.set(folder, api)
    for (const operation of api.operations) {
      const { method, uri } = httpOf(operation)
      addOnce(routes, `${method} ${withoutLabels(uri)}`, routeOf(operation), `${method} ${uri}`)
    }
  }

  function find({ method, url }: FastifyRequest): Found | undefined {
    const path = url.split('?', 1)[0]
    for (const route of routes.values()) {
      const labels = route.method === method ? route.match(path) : undefined
      if (labels !== undefined) return { route, labels }
    }
    return undefined
  }

  return {
    // The router does not match labels as long as ARNs are, so a path may end in any way.
    paths: [...folders.keys()].map((folder) => (folder.endsWith('/') ? `${folder}*` : folder)),
    find(request) {
      const found = find(request)
      const api =
        found?.route.operation.api ??
        [...folders].find(([folder]) => request.url.startsWith(folder))?.[1] ??
        apis[0]
      return new RestCall(request, found, api, errors.get(api)!)
    },
  }
}

class RestCall implements Call {
  readonly apis: readonly Api[]
  readonly encoding = 'json'
  readonly bodyFirst = false
  readonly error: WriteError
  readonly #request: FastifyRequest
  readonly #found: Found | undefined

  constructor(request: FastifyRequest, found: Found | undefined, api: Api, error: WriteError) {
    this.apis = [api]
    this.error = error
    this.#request = request
    this.#found = found
  }

  get operation(): Operation | undefined {
    return this.#found?.route.operation
  }

  open(body: Body): Buffer {
    if (this.#found === undefined)
      throw new AwsError('UnknownOperationException', 'This operation is not served here.', 404)
    return body.own()
  }

  read(body: Buffer): object {
    const { route, labels } = this.#found!
    const { url, headers } = this.#request
    return route.read({ labels, query: queryParameters(url), headers, body })
  }

  write(output: object): Answer {
    const { route } = this.#found!
    const { status = route.status, headers, body, blob, ...given } = route.write(output)
    const contentType = given.contentType ?? (blob ? route.payloadType : JSON_TYPE)
    return { status, headers, body, contentType: body.length === 0 ? undefined : contentType }
  }
}

function httpOf({ name, model, api }: Operation): NonNullable<Operation['model']['http']> {
  if (model.http === undefined) throw new Error(`${name} of ${api.model.service} does not have a path.`)
  return model.http
}

function routeOf(operation: Operation): Route {
  const { name, api, model } = operation
  const { method, uri, status = 200 } = httpOf(operation)
  return {
    operation,
    method,
    status,
    match: pathMatcher(uri),
    payloadType: api.options.payloadTypes?.[name] ?? 'application/octet-stream',
    read: model.input === undefined ? () => ({}) : inputReader(api.model, model.input),
    write: model.output === undefined ? () => NO_OUTPUT : outputWriter(api.model, model.output),
  }
}

/** Returns what all uris have in common that match the same paths. */
function withoutLabels(uri: string): string {
  return uri.replaceAll(/\{\w+\+?\}/g, '{}').replace(/(?<=.)\/$/, '')
}

/** Errors of the model are written by their shapes, others with their text alone. */
function errorWriter(model: Model): WriteError {
  const writers = new Map(
    Object.keys(model.errors).map((code) => [
      code,
      { write: outputWriter(model, code), members: structureOf(model, code).members },
    ]),
  )
  return (error) => {
    const { code, message, details } = error
    const known = writers.get(code)
    if (known === undefined) {
      const name =
        code === 'AccessDeniedException' || code === 'SerializationException' ? 'Message' : 'message'
      return {
        status: statusOf(error),
        body: Buffer.from(JSON.stringify(message === '' ? {} : { [name]: message })),
        contentType: JSON_TYPE,
        errorType: code,
      }
    }
    const { headers, body } = known.write({
      Type: error.fault === 'client' ? 'User' : 'Server',
      [Object.hasOwn(known.members, 'Message') ? 'Message' : 'message']: message,
      ...details,
    })
    return { status: model.errors[code].status, headers, body, contentType: JSON_TYPE, errorType: code }
  }
}

function statusOf({ code, status }: AwsError): number {
  if (FORBIDDEN.has(code)) return 403
  return code === 'UnknownOperationException' ? 404 : status
}
