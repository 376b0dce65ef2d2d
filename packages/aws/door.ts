/**
 * The one door for AWS's clients. It serves several APIs at one port, told apart by target, action or path,
 * and does for each request what does not depend on its protocol: admission, CORS, the signature, the check
 * of the input, rights, errors and logging.
 */
import { randomUUID } from 'node:crypto'
import { isFromForeignPage, leaseOf, MAX_UNKNOWN_BODY_BYTES } from '@weir/service'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { AwsAccess } from './access-keys.ts'
import { type Answer, answerAll, answerPreflight, type Headers, headersOf, send } from './answer.ts'
import type { Api } from './api.ts'
import type { Account } from './arn.ts'
import { type Body, bodyOf } from './body.ts'
import { contextOf, HIJACKED } from './context.ts'
import { AwsError, internalFailure, overloaded } from './errors.ts'
import type { Model } from './model.ts'
import { jsonProtocol } from './protocols/json.ts'
import type { Call, Protocol } from './protocols/protocol.ts'
import { isQuery, queryProtocol } from './protocols/query.ts'
import { restJsonProtocol } from './protocols/rest-json.ts'
import { type Head, openSenders, type Sender, type Senders } from './senders.ts'
import { signedService } from './sigv4/claim.ts'
import { turn } from './turn.ts'

export interface AwsDoorOptions {
  readonly access: AwsAccess
  readonly account: Account
  /** Called when a body is no longer needed. */
  readonly afterBody?: () => void
}

interface Exchange {
  readonly request: FastifyRequest
  readonly reply: FastifyReply
  readonly requestId: string
  readonly headers: Headers
}

/** Answers up to this size are included in the fixed cost of a request. */
const SMALL_ANSWER_BYTES = 16 << 10
/** Checking and parsing a longer body takes more than about ten milliseconds. */
const LONG_BODY_BYTES = 1 << 20

/** Returns a plugin that serves the APIs. Throws if two of them could not be told apart. */
export function awsDoor(
  options: AwsDoorOptions,
  apis: readonly Api[],
): (app: FastifyInstance) => Promise<void> {
  const protocols = protocolsOf(apis)
  const door = new Door(options)
  return async (app) => {
    for (const protocol of protocols) {
      for (const url of protocol.paths) {
        answerAll(app, url, (request, reply) => door.serve(protocol, request, reply))
      }
    }
  }
}

class Door {
  readonly #access: AwsAccess
  readonly #accountId: string
  readonly #senders: Senders
  readonly #afterBody: () => void

  constructor({ access, account, afterBody = () => {} }: AwsDoorOptions) {
    this.#access = access
    this.#accountId = account.accountId
    this.#senders = openSenders(access)
    this.#afterBody = afterBody
  }

  async serve(protocol: Protocol, request: FastifyRequest, reply: FastifyReply): Promise<void> {
    reply.hijack()
    const requestId = randomUUID()
    // AWS answers pages from anywhere, but a page must not use the rights of programs on this machine.
    const isAllowed = this.#access.anonymous === undefined || !isFromForeignPage(request.headers)
    const headers = headersOf(request, requestId, isAllowed)
    if (request.method === 'OPTIONS' && request.headers.origin !== undefined)
      return answerPreflight(request, reply, headers, isAllowed)
    const call = protocol.find(request, requestId)
    try {
      const head = this.#senders.head(
        request,
        call.apis.map(({ model }) => model.service),
      )
      const body = await bodyOf(request, call, head)
      if (body === undefined) return
      if (body.length > LONG_BODY_BYTES) await turn()
      const answer = await this.#answer({ request, reply, requestId, headers }, call, body, head)
      if (answer === HIJACKED) return
      const { length } = answer.body
      if (length > SMALL_ANSWER_BYTES && !leaseOf(request).cover(length)) throw overloaded()
      send(request, reply, headers, answer)
    } catch (error) {
      request.raw.resume()
      if (!(error instanceof AwsError))
        request.log.error({ err: error, requestId }, 'a request failed inside')
      send(request, reply, headers, call.error(error instanceof AwsError ? error : internalFailure()))
    } finally {
      this.#afterBody()
    }
  }

  async #answer(exchange: Exchange, call: Call, body: Body, head: Head): Promise<Answer | typeof HIJACKED> {
    try {
      const output = await this.#start(exchange, call, body, head)
      return output === HIJACKED ? HIJACKED : call.write((output ?? {}) as object)
    } catch (error) {
      if (error instanceof AwsError) return call.error(error)
      exchange.request.log.error(
        { err: error, operation: call.operation?.name, requestId: exchange.requestId },
        'an operation failed inside',
      )
      return call.error(internalFailure())
    }
  }

  /**
   * Begins the operation. This is not a part of `#answer`, which waits for the output: it would hold the
   * input meanwhile, and each collection of young objects would copy it.
   */
  #start(exchange: Exchange, call: Call, body: Body, head: Head): unknown {
    const bytes = call.open(body)
    const { client, isSigned } = this.#sender(call, bytes, head)
    const input = call.read(bytes)
    const { name, api, action, check, run } = call.operation!
    const context = contextOf(client, action, this.#accountId, {
      ...exchange,
      isSigned,
      operation: name,
      model: api.model,
      encoding: call.encoding,
    })
    return run(check(input, call.encoding), context)
  }

  #sender(call: Call, bytes: Buffer, head: Head): Sender {
    try {
      const { operation } = call
      const { service } = (operation?.api ?? call.apis[0]).model
      return this.#senders.sender(head, bytes, service, operation?.isUnsigned ?? false)
    } catch (error) {
      if (call.bodyFirst && bytes.length <= MAX_UNKNOWN_BODY_BYTES) call.read(bytes)
      throw error
    }
  }
}

/** Opens a protocol for all APIs that speak it. Throws if two of them could not be told apart. */
export const PROTOCOLS: Readonly<Record<Model['protocol'], (apis: readonly Api[]) => Protocol>> = {
  json: jsonProtocol,
  query: queryProtocol,
  'rest-json': restJsonProtocol,
}

/**
 * JSON and Query have the same path: there, each request shows which of them it is in. A form that is signed for
 * an API of JSON is not Query: some signers send bodies without a type as forms.
 */
function protocolsOf(apis: readonly Api[]): Protocol[] {
  const opened = (protocol: Model['protocol']): Protocol | undefined => {
    const speaking = apis.filter(({ model }) => model.protocol === protocol)
    return speaking.length === 0 ? undefined : PROTOCOLS[protocol](speaking)
  }
  const [json, query] = [opened('json'), opened('query')]
  const inJson = new Set<string | undefined>(
    apis.filter(({ model }) => model.protocol === 'json').map(({ model }) => model.service),
  )
  const either: Protocol | undefined =
    json && query
      ? {
          paths: json.paths,
          find: (request, id) =>
            (isQuery(request) && !inJson.has(signedService(request)) ? query : json).find(request, id),
        }
      : (json ?? query)
  return [either, opened('rest-json')].filter((protocol) => protocol !== undefined)
}
