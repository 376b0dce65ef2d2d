/** Reads request bodies within their bounds, and joins their chunks. */
import {
  type BodyChunks,
  BodyRefused,
  identified,
  leaseOf,
  MAX_UNKNOWN_BODY_BYTES,
  readChunks,
  sharedBuffer,
} from '@weir/service'
import type { FastifyRequest } from 'fastify'
import { AwsError, overloaded, tooLarge } from './errors.ts'
import type { Call } from './protocols/protocol.ts'
import type { Head } from './senders.ts'

/** A body, in chunks as it arrived. */
export class Body {
  readonly length: number
  #chunks: readonly Buffer[]

  constructor({ chunks, length }: BodyChunks) {
    this.#chunks = chunks
    this.length = length
  }

  /** Returns the body in a buffer of its own, and releases it. */
  own(): Buffer {
    const chunks = this.#chunks
    this.#chunks = []
    return chunks.length === 1 ? chunks[0] : Buffer.concat(chunks, this.length)
  }

  /**
   * Returns the body in a buffer that all bodies share, and releases it. The buffer is valid until the caller
   * yields. A large request allocates little besides its body, so this saves most of its garbage collection.
   */
  shared(): Buffer {
    const chunks = this.#chunks
    this.#chunks = []
    if (chunks.length === 1) return chunks[0]
    const whole = sharedBuffer(this.length)
    let at = 0
    for (const chunk of chunks) at += chunk.copy(whole, at)
    return whole.subarray(0, at)
  }
}

/**
 * Reads the body; undefined if the client disconnects before its end. A client without a known access key may
 * only send a short body, which is read because AWS reports some errors of the body before those of the head.
 * If its body is longer, the client gets the error of the head.
 */
export async function bodyOf(request: FastifyRequest, call: Call, head: Head): Promise<Body | undefined> {
  if (head.client !== undefined && !identified(request, head.client.name)) throw overloaded()
  const maxBytes = maxBodyBytesOf(call)
  try {
    const chunks = await readChunks(
      request.raw,
      head.client === undefined ? Math.min(maxBytes, MAX_UNKNOWN_BODY_BYTES) : maxBytes,
      leaseOf(request),
    )
    return chunks && new Body(chunks)
  } catch (error) {
    if (!(error instanceof BodyRefused)) throw error
    if (error.reason === 'no-room') throw overloaded()
    throw head.client === undefined ? head.error : tooLong(call)
  }
}

function maxBodyBytesOf({ operation, apis }: Call): number {
  return operation?.maxBodyBytes ?? Math.max(...apis.map(({ options }) => options.maxBodyBytes))
}

/** Returns the error for a body that is too long. Some services have their own. */
function tooLong(call: Call): AwsError {
  const { operation, apis } = call
  const { model, options } = operation?.api ?? apis[0]
  const maxBytes = maxBodyBytesOf(call)
  const { code, status } = tooLarge()
  if (operation !== undefined && options.maxBodyBytesOf?.[operation.name] !== undefined) {
    const sentence = `Request must be smaller than ${maxBytes} bytes for the ${operation.name} operation`
    return new AwsError(code, sentence, status)
  }
  const own = Object.entries(model.errors).find(([, error]) => error.status === status)
  return own === undefined
    ? tooLarge()
    : new AwsError(own[0], `Request must be smaller than ${maxBytes} bytes.`, status)
}
