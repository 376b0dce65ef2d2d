/** Bodies in one piece, read by the door itself: AWS answers in its own words to bodies of any type. */
import type { IncomingMessage } from 'node:http'
import { overloaded, tooLarge } from './errors.ts'

/** What bounds the bytes of all requests together. */
export interface Admission {
  /** A place for a request whose body is announced with so many bytes (0: unknown); undefined when there is none now. */
  admit(announcedBytes: number): Lease | undefined
}

/** A request's place. */
export interface Lease {
  /** Makes it cover that many bytes in total; false when there is no room. */
  cover(bytes: number): boolean
  release(): void
}

/** A place for everybody. */
export const UNBOUNDED: Admission = { admit: () => ({ cover: () => true, release: () => {} }) }

/** Places for as many as have together no more than so many bytes. */
export function bodiesWithin(most: number): Admission {
  let taken = 0
  return {
    admit(announced) {
      if (taken + announced > most) return undefined
      let mine = announced
      taken += mine
      return {
        cover(bytes) {
          if (taken + Math.max(0, bytes - mine) > most) return false
          taken += Math.max(0, bytes - mine)
          mine = Math.max(mine, bytes)
          return true
        },
        release() {
          taken -= mine
          mine = 0
        },
      }
    },
  }
}

/** Bytes that the request announces; 0: unknown. */
export function announcedBytes({ headers }: IncomingMessage): number {
  return Number(headers['content-length'] ?? 0) || 0
}

/** A body as it came, in pieces. */
export class Body {
  readonly length: number
  #chunks: readonly Buffer[]

  constructor(chunks: readonly Buffer[], length: number) {
    this.#chunks = chunks
    this.length = length
  }

  /** In one piece of its own. */
  own(): Buffer {
    return this.#chunks.length === 1 ? this.#chunks[0] : Buffer.concat(this.#chunks, this.length)
  }

  /**
   * In one piece that all bodies share, and forgotten here: valid until the caller yields. Nearly all that a large request allocates is its body, and most of what
   * collecting that costs goes with the copy.
   */
  shared(): Buffer {
    const chunks = this.#chunks
    this.#chunks = []
    if (chunks.length === 1) return chunks[0]
    if (whole.length < this.length) whole = Buffer.allocUnsafeSlow(1 << (32 - Math.clz32(this.length)))
    let at = 0
    for (const chunk of chunks) at += chunk.copy(whole, at)
    return whole.subarray(0, at)
  }
}

/** Pages are only taken up as far as they are written. */
let whole = Buffer.alloc(0)

/**
 * The whole body; undefined where the client has gone before its end. Throws RequestEntityTooLargeException as soon as it is longer than `most` bytes, and
 * ServiceUnavailable where the lease has no room for it; what is left passes by unread then, so that the client hears the answer.
 */
export function readBody(request: IncomingMessage, most: number, lease: Lease): Promise<Body | undefined> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let length = 0
    const refuse = (error: Error): void => {
      request.off('data', take)
      chunks.length = 0
      request.resume()
      reject(error)
    }
    const take = (chunk: Buffer): void => {
      length += chunk.length
      if (length > most) refuse(tooLarge())
      else if (!lease.cover(length)) refuse(overloaded())
      else chunks.push(chunk)
    }
    request.once('end', () => resolve(new Body(chunks, length)))
    request.once('error', () => resolve(undefined))
    request.once('close', () => resolve(undefined))
    if (announcedBytes(request) > most) refuse(tooLarge())
    else request.on('data', take)
  })
}
