/** Reads whole bodies within the bounds of their request's lease. */
import type { IncomingMessage } from 'node:http'
import type { Lease } from './admission/admission.ts'

/** A body was refused before its end. */
export class BodyRefused extends Error {
  override readonly name = 'BodyRefused'
  readonly reason: 'too-large' | 'no-room'

  constructor(reason: BodyRefused['reason']) {
    super(reason === 'too-large' ? 'The body is too long.' : 'There is no room for the body now.')
    this.reason = reason
  }
}

/** A body in the pieces in which it arrived. */
export interface BodyChunks {
  readonly chunks: readonly Buffer[]
  readonly length: number
}

/** The memory that a chunk takes in addition to its bytes: a client may send each byte by itself. */
export const CHUNK_BYTES = 384

let shared = Buffer.alloc(0)

/**
 * Returns a buffer of at least `length` bytes, in which any body is assembled. It is valid until the caller
 * yields. Its pages take no memory until they are written.
 */
export function sharedBuffer(length: number): Buffer {
  if (shared.length < length) shared = Buffer.allocUnsafeSlow(1 << (32 - Math.clz32(length)))
  return shared
}

/** The Content-Length of the request; 0 if it has none. */
export function announcedBytes({ headers }: IncomingMessage): number {
  return Number(headers['content-length'] ?? 0) || 0
}

/**
 * Reads the whole body, which the lease covers as it arrives; undefined if the client disconnects before its
 * end. Rejects with BodyRefused as soon as the body is longer than `maxBytes`, or the lease has no room for
 * it. The rest is then discarded unread, so that the client receives the answer.
 */
export function readChunks(
  request: IncomingMessage,
  maxBytes: number,
  lease: Lease,
): Promise<BodyChunks | undefined> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let length = 0
    const refuse = (reason: BodyRefused['reason']): void => {
      request.off('data', take)
      chunks.length = 0
      request.resume()
      reject(new BodyRefused(reason))
    }
    const take = (chunk: Buffer): void => {
      length += chunk.length
      if (length > maxBytes) refuse('too-large')
      else if (!lease.cover(length + CHUNK_BYTES * chunks.push(chunk))) refuse('no-room')
    }
    request.on('end', () => resolve({ chunks, length }))
    request.on('error', () => resolve(undefined))
    request.on('close', () => resolve(undefined))
    const announced = announcedBytes(request)
    if (announced > maxBytes) refuse('too-large')
    // Refuses a body for which there is no room, before it is sent. The announced length then takes no room
    // itself.
    else if (!lease.cover(announced) || !lease.cover(0)) refuse('no-room')
    else request.on('data', take)
  })
}
