/**
 * AWS's JSON protocols, 1.0 and 1.1, and the same with CBOR in place of JSON. All operations are behind POST
 * / and are named by X-Amz-Target. The order of checks is AWS's: method, body, content type, operation,
 * signature, input.
 */
import { MAX_UNKNOWN_BODY_BYTES } from '@weir/service'
import type { FastifyRequest } from 'fastify'
import type { Answer } from '../answer.ts'
import type { Api, Operation } from '../api.ts'
import type { Body } from '../body.ts'
import { AwsError, errorBody, serializationError, unknownOperation } from '../errors.ts'
import type { Encoding } from '../scalars.ts'
import { compileEncoder, contentTypeOf, decode, type Encode, encodeTexts } from '../wire.ts'
import { addOnce, type Call, mediaTypeOf, type Protocol } from './protocol.ts'

interface Target {
  readonly operation: Operation
  /** Undefined if the operation has no output. */
  readonly encode: Encode | undefined
}

/** How values are written, as a content type says. */
interface Form {
  readonly encoding: Encoding
  readonly version: string
}

interface Tables {
  readonly apis: readonly Api[]
  /** The targets, by X-Amz-Target. */
  readonly targets: ReadonlyMap<string, Target>
  /** The APIs, by the beginning of X-Amz-Target. */
  readonly prefixes: ReadonlyMap<string, Api>
  /** The forms, by content type. */
  readonly forms: ReadonlyMap<string, Form>
}

/** The content type of an older protocol, whose operations AWS has removed. */
const PLAIN_JSON = 'application/json'

export function jsonProtocol(apis: readonly Api[]): Protocol {
  const targets = new Map<string, Target>()
  const prefixes = new Map<string, Api>()
  const forms = new Map<string, Form>()
  for (const api of apis) {
    const { targetPrefix = '', jsonVersion = '1.1' } = api.model
    addOnce(prefixes, targetPrefix, api, `the X-Amz-Target prefix ${targetPrefix}`)
    for (const operation of api.operations) {
      const { output } = operation.model
      const encode = output === undefined ? undefined : compileEncoder(api.model, output)
      targets.set(`${targetPrefix}.${operation.name}`, { operation, encode })
    }
    for (const encoding of ['json', 'cbor'] as const)
      forms.set(contentTypeOf(encoding, jsonVersion), { encoding, version: jsonVersion })
  }
  const tables: Tables = { apis, targets, prefixes, forms }
  return { paths: ['/'], find: (request) => new JsonCall(request, tables) }
}

class JsonCall implements Call {
  readonly apis: readonly Api[]
  readonly bodyFirst = true
  readonly #request: FastifyRequest
  readonly #target: Target | undefined
  readonly #contentType: string
  /** Undefined if the request is not in this protocol; errors are in JSON then. */
  readonly #form: Form | undefined
  /**
   * Writes the errors that are not in the form of the request. Undefined for most requests: with a closure for
   * each of them, their bodies outlived young collections, and PutRecords took 40 % more CPU time.
   */
  #writeError: ((error: AwsError) => Answer) | undefined

  constructor(request: FastifyRequest, { apis, targets, prefixes, forms }: Tables) {
    const [prefix, name] = String(request.headers['x-amz-target'] ?? '').split('.')
    this.#request = request
    this.#target = targets.get(`${prefix}.${name}`)
    const api = prefixes.get(prefix) ?? apis[0]
    this.apis = [api]
    this.#contentType = mediaTypeOf(request)
    const form = forms.get(this.#contentType)
    const isSpoken = this.#target === undefined || form?.version === api.model.jsonVersion
    this.#form = isSpoken ? form : undefined
  }

  get operation(): Operation | undefined {
    return this.#target?.operation
  }

  get encoding(): Encoding {
    return this.#form?.encoding ?? 'json'
  }

  open(body: Body): Buffer {
    if (this.#request.method !== 'POST') throw this.#unnamed()
    if (body.length === 0) {
      const encoding = this.#form === undefined ? 'cbor' : this.encoding
      this.#writeError = (error) => this.#inForm(error, encoding)
      throw this.#target === undefined ? unknownOperation() : serializationError()
    }
    if (this.#contentType === PLAIN_JSON) throw this.#inOldProtocol(body.own())
    if (this.#form === undefined) {
      if (!/^[^.]+\.[^.]+/.test(String(this.#request.headers['x-amz-target']))) throw this.#unnamed()
      this.#writeError = inXml
      throw new AwsError('UnknownOperationException', '', 404)
    }
    // Values that are parsed from JSON keep no bytes of the body; Buffers that are decoded from CBOR do.
    return this.#form.encoding === 'json' ? body.shared() : body.own()
  }

  read(bytes: Buffer): object {
    const input = decode(bytes, this.encoding)
    if (this.#target === undefined) throw unknownOperation()
    return input
  }

  write(output: object): Answer {
    const encode = this.#target!.encode
    return {
      status: 200,
      body: encode === undefined ? Buffer.alloc(0) : encode(output, this.encoding),
      contentType: this.#type(this.encoding),
    }
  }

  error(error: AwsError): Answer {
    return this.#writeError?.(error) ?? this.#inForm(error, this.encoding)
  }

  #inForm(error: AwsError, encoding: Encoding): Answer {
    return {
      status: error.status,
      body:
        encoding === 'json'
          ? Buffer.from(JSON.stringify({ ...errorBody(error), ...error.details }))
          : encodeTexts(errorBody(error), encoding),
      contentType: this.#type(encoding),
      errorType: error.code,
    }
  }

  #type(encoding: Encoding): string {
    return contentTypeOf(encoding, this.#form?.version ?? this.apis[0].model.jsonVersion!)
  }

  #unnamed(): AwsError {
    this.#writeError = inXml
    return new AwsError(
      'AccessDeniedException',
      'Unable to determine service/operation name to be authorized',
      403,
    )
  }

  #inOldProtocol(body: Buffer): AwsError {
    this.#writeError = inOldJson
    try {
      if (body.length <= MAX_UNKNOWN_BODY_BYTES) decode(body, 'json')
    } catch {
      return serializationError()
    }
    return new AwsError('UnknownOperationException', '', 404)
  }
}

function inXml({ status, code, message }: AwsError): Answer {
  const text = message === '' ? `<${code}/>\n` : `<${code}>\n  <Message>${message}</Message>\n</${code}>\n`
  return { status, body: Buffer.from(text), contentType: undefined, errorType: code }
}

function inOldJson({ status, code }: AwsError): Answer {
  const text = JSON.stringify({ Output: { __type: `com.amazon.coral.service#${code}` }, Version: '1.0' })
  return { status, body: Buffer.from(text), contentType: PLAIN_JSON, errorType: code }
}
