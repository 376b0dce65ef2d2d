/** The functions that implement operations, and the context that they get besides the input. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { AwsClient } from './access-key-file.ts'
import { accessDenied } from './errors.ts'
import type { Model } from './model.ts'
import type { Encoding } from './scalars.ts'

export interface AwsContext {
  readonly client: Pick<AwsClient, 'name'>
  readonly isSigned: boolean
  readonly requestId: string
  /** The name of the operation, such as PutRecord. */
  readonly operation: string
  readonly model: Model
  /** The encoding of events, if the answer is a stream of them. */
  readonly encoding: Encoding
  readonly request: FastifyRequest
  /** Only operations that return HIJACKED may write to it. */
  readonly reply: FastifyReply
  /** The headers of every answer to this request: its ids, and CORS if the request asks for it. */
  readonly headers: Readonly<Record<string, string>>
  /** Returns whether the client may do this operation on the resource: an ARN, a topic, or *. */
  may(resource: string): boolean
  /** Throws AccessDeniedException unless the client may do this operation on the resource. */
  authorize(resource: string): void
}

/**
 * Takes an input of the model's shape and returns an output of the model's shape, or HIJACKED. Throws
 * AwsErrors.
 */
export type AwsOperation = (input: never, context: AwsContext) => unknown
export type AwsOperations = Readonly<Record<string, AwsOperation>>

/** Returned by an operation that writes its answer itself, through context.reply.raw. */
export const HIJACKED = Symbol('hijacked')

/** @param action for example, kinesis:PutRecord */
export function contextOf(
  client: AwsClient,
  action: string,
  accountId: string,
  rest: Omit<AwsContext, 'client' | 'may' | 'authorize'>,
): AwsContext {
  return {
    ...rest,
    client,
    may: (resource) => client.may(action, resource),
    authorize(resource) {
      if (!client.may(action, resource)) throw accessDenied(accountId, client.name, action, resource)
    },
  }
}
