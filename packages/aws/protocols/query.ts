/**
 * AWS's Query protocol: parameters in a form or in the query of the URL, of which Action and Version name the
 * operation, and answers in XML. The order of checks is AWS's: action, signature, input.
 */
import type { FastifyRequest } from 'fastify'
import type { Answer } from '../answer.ts'
import type { Api, Operation, PageText } from '../api.ts'
import type { Body } from '../body.ts'
import { AwsError, tooLarge } from '../errors.ts'
import { cut } from '../print.ts'
import { type QueryParameter, queryParameters } from '../sigv4/canonical.ts'
import { addOnce, type Call, mediaTypeOf, type Protocol } from './protocol.ts'
import { isFromBrowser, page } from './query-page.ts'
import { formParameters, type ReadInput, readerOf, treeOf } from './query-parameters.ts'
import { element, escaped, type WriteXml, writerOf } from './xml.ts'

interface Action {
  readonly operation: Operation
  readonly read: ReadInput
  readonly write: WriteXml
}

interface Tables {
  readonly apis: readonly Api[]
  /** The actions, by version and name. Those that need no signature are also there without a version. */
  readonly actions: ReadonlyMap<string, Action>
}

const FORM = 'application/x-www-form-urlencoded'
const XML = 'text/xml'
/** The version in AWS's sentence about a request without one. */
const NO_VERSION = 'NO_VERSION_SPECIFIED'

/**
 * The errors that this protocol names differently, with their status (STS API reference, "Common errors").
 */
const ERRORS: Readonly<Record<string, { readonly code: string; readonly status: number }>> = {
  AccessDeniedException: { code: 'AccessDenied', status: 403 },
  ExpiredTokenException: { code: 'ExpiredToken', status: 403 },
  IncompleteSignatureException: { code: 'IncompleteSignature', status: 403 },
  InvalidSignatureException: { code: 'SignatureDoesNotMatch', status: 403 },
  MissingAuthenticationTokenException: { code: 'MissingAuthenticationToken', status: 403 },
  SerializationException: { code: 'MalformedInput', status: 400 },
  UnrecognizedClientException: { code: 'InvalidClientTokenId', status: 403 },
  ValidationException: { code: 'ValidationError', status: 400 },
}

export function queryProtocol(apis: readonly Api[]): Protocol {
  const actions = new Map<string, Action>()
  for (const api of apis) {
    const { apiVersion } = api.model
    for (const operation of api.operations) {
      const { name, model } = operation
      const what = `the action ${name} of version ${apiVersion}`
      const read = model.input === undefined ? () => ({}) : readerOf(api.model, model.input)
      const write = model.output === undefined ? () => '' : writerOf(api.model, model.output)
      addOnce(actions, `${apiVersion} ${name}`, { operation, read, write }, what)
      if (operation.isUnsigned) addOnce(actions, `${NO_VERSION} ${name}`, { operation, read, write }, what)
    }
  }
  const tables: Tables = { apis, actions }
  return { paths: ['/'], find: (request, requestId) => new QueryCall(request, requestId, tables) }
}

/** Returns whether a request at / is in this protocol, and not in JSON. */
export function isQuery(request: FastifyRequest): boolean {
  if (request.headers['x-amz-target'] !== undefined) return false
  const type = mediaTypeOf(request)
  return type === FORM || (type === '' && queryParameters(request.url).some(({ name }) => name === 'Action'))
}

class QueryCall implements Call {
  readonly apis: readonly Api[]
  readonly encoding = 'json'
  readonly bodyFirst = false
  readonly #request: FastifyRequest
  readonly #requestId: string
  readonly #actions: Tables['actions']
  #parameters: readonly QueryParameter[] = []
  #action: Action | undefined

  constructor(request: FastifyRequest, requestId: string, { apis, actions }: Tables) {
    this.apis = apis
    this.#request = request
    this.#requestId = requestId
    this.#actions = actions
  }

  get operation(): Operation | undefined {
    return this.#action?.operation
  }

  open(body: Body): Buffer {
    const bytes = body.own()
    const inForm = mediaTypeOf(this.#request) === FORM ? formParameters(bytes) : []
    this.#parameters = [...queryParameters(this.#request.url), ...inForm]
    const parameter = (wanted: string): string | undefined =>
      this.#parameters.find(({ name }) => name === wanted)?.value
    const [action, version = NO_VERSION] = [parameter('Action'), parameter('Version')]
    if (action === undefined)
      throw new AwsError('MissingAction', 'The request must contain the parameter Action.')
    this.#action = this.#actions.get(`${version} ${action}`)
    if (this.#action === undefined)
      throw new AwsError(
        'InvalidAction',
        `Could not find operation ${cut(action)} for version ${cut(version)}`,
      )
    // The head did not name the operation, so the longest form of all APIs was read.
    if (bytes.length > this.#action.operation.maxBodyBytes) throw tooLarge()
    return bytes
  }

  read(): object {
    const parameters = this.#parameters
    // The operation may take a while, and needs the input only.
    this.#parameters = []
    return this.#action!.read(treeOf(parameters))
  }

  write(output: object): Answer {
    const { operation, write } = this.#action!
    const textOf = this.#pageFor(operation)
    if (textOf !== undefined) return page(200, textOf(output as never))
    const { resultWrapper } = operation.model
    const result = resultWrapper === undefined ? write(output) : element(resultWrapper, write(output))
    const metadata = element('ResponseMetadata', this.#requestIdElement())
    return this.#document(200, `${operation.name}Response`, result + metadata)
  }

  error(error: AwsError): Answer {
    const known = this.#api.model.errors[error.code]
    const { code, status } = ERRORS[error.code] ?? {
      code: known?.code ?? error.code,
      status: known?.status ?? error.status,
    }
    if (this.operation !== undefined && this.#pageFor(this.operation) !== undefined)
      return page(status, { title: 'The link cannot be used', paragraphs: [error.message] })
    const members = { Type: status < 500 ? 'Sender' : 'Receiver', Code: code, Message: error.message }
    const text = Object.entries({ ...members, ...error.details })
      .map(([name, value]) => element(name, escaped(value)))
      .join('')
    return this.#document(status, 'ErrorResponse', element('Error', text) + this.#requestIdElement())
  }

  /** Returns what makes the page for people; undefined if a program asks. */
  #pageFor({ name, api }: Operation): ((output: never) => PageText) | undefined {
    return isFromBrowser(this.#request) ? api.options.pages?.[name] : undefined
  }

  get #api(): Api {
    return this.operation?.api ?? this.apis[0]
  }

  #requestIdElement(): string {
    return element('RequestId', this.#requestId)
  }

  #document(status: number, root: string, content: string): Answer {
    const { xmlNamespace } = this.#api.model
    const body = Buffer.from(`<${root} xmlns="${xmlNamespace}">${content}</${root}>\n`)
    return { status, body, contentType: XML }
  }
}
