/**
 * The interface between the door and its protocols. A protocol knows how requests name operations, and how
 * inputs, outputs and errors are written; the door does everything else.
 */
import type { FastifyRequest } from 'fastify'
import type { Answer } from '../answer.ts'
import type { Api, Operation } from '../api.ts'
import type { Body } from '../body.ts'
import type { AwsError } from '../errors.ts'
import type { Encoding } from '../scalars.ts'

export interface Protocol {
  /** The paths of its routes; one that ends with * is the beginning of many. */
  readonly paths: readonly string[]
  /** Finds out what the head of a request says. */
  find(request: FastifyRequest, requestId: string): Call
}

/** A request, as its protocol understands it. */
export interface Call {
  /**
   * The APIs that the request may be for. It must be signed for the service of one of them, and the first one
   * answers if it names no operation.
   */
  readonly apis: readonly Api[]
  /** Undefined if no API has the operation, or if only the body names it and `open` was not called yet. */
  readonly operation: Operation | undefined
  /** The encoding of values in the input. */
  readonly encoding: Encoding
  /** Whether AWS reports a fault of the body before one of the signature. */
  readonly bodyFirst: boolean
  /**
   * Returns the body's bytes, which are signed. Throws AwsErrors that AWS reports to unsigned requests too.
   */
  open(body: Body): Buffer
  /** Returns the input, which is not checked yet. Throws AwsErrors, also for an unknown operation. */
  read(bytes: Buffer): object
  /** Returns the answer with the output of the operation. */
  write(output: object): Answer
  error(error: AwsError): Answer
}

/**
 * Adds an entry to a table of operations. Throws if it is there already: two APIs of one door could not be
 * told apart.
 */
export function addOnce<T>(table: Map<string, T>, key: string, value: T, what: string): void {
  if (table.has(key)) throw new Error(`Two APIs of one door share ${what}; leave one of them out.`)
  table.set(key, value)
}

/** Returns the content type without its parameters. */
export function mediaTypeOf({ headers }: FastifyRequest): string {
  return (headers['content-type'] ?? '').split(';', 1)[0].trim()
}
