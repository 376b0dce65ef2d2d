/** An operation of a model as a service writes it, whatever protocol it is asked by. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { AwsClient } from './access-keys.ts'
import { accessDenied } from './errors.ts'
import type { Model } from './model.ts'
import type { Protocol } from './scalars.ts'

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

/**
 * Takes an input of the model's shape, and gives an output of the model's shape, or HIJACKED. Throws
 * AwsErrors.
 */
export type AwsOperation = (input: never, context: AwsContext) => unknown
export type AwsOperations = Readonly<Record<string, AwsOperation>>

/** Returned by an operation that answers by itself, through context.reply.raw. */
export const HIJACKED = Symbol('hijacked')

/** @param action kinesis:PutRecord */
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

/** What the model says of an operation. Throws where it has none of that name: a mistake of the program. */
export function operationOf({ service, operations }: Model, name: string): Model['operations'][string] {
  if (!Object.hasOwn(operations, name)) throw new Error(`The model of ${service} has no operation ${name}.`)
  return operations[name]
}
