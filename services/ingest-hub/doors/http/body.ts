/**
 * Bodies as a stream of bytes: inflated, counted, and stopped at the limit. The connection survives, so that
 * the client gets its answer.
 */
import type { IncomingMessage } from 'node:http'
import type { Readable } from 'node:stream'
import { HttpError } from '@weir/service'
import { type Compression, InflateError, inflated } from '@weir/service/inflate.ts'
import { LIMITS } from './limits.ts'

/**
 * A zstd frame may ask for a window of 8 MiB, the minimum that RFC 8878 (section 3.1.1.1.2) recommends
 * decoders to support.
 */
const BOUNDS = { zstdWindowLog: 23, maxFrames: LIMITS.zstdFrames }

const COMPRESSIONS: Readonly<Record<string, Compression>> = { gzip: 'gzip', 'x-gzip': 'gzip', zstd: 'zstd' }

export type Encoding = 'identity' | 'gzip' | 'x-gzip' | 'zstd'

/** The body's Content-Encoding. Throws 415 for an unsupported one. */
export function encodingOf(request: IncomingMessage): Encoding {
  const encoding = request.headers['content-encoding']?.trim().toLowerCase() || 'identity'
  if (encoding === 'identity' || Object.hasOwn(COMPRESSIONS, encoding)) return encoding as Encoding
  throw new HttpError(415, 'unsupported-encoding', 'Content-Encoding must be gzip, zstd or identity.', {
    'accept-encoding': 'gzip, zstd, identity',
  })
}

/**
 * The body's bytes, inflated. Data is read only when the next chunk is requested, so a slow consumer slows
 * the client. Throws 400 if the body does not inflate, and 413 as soon as the body as sent is longer than
 * `maxSent` bytes.
 */
export async function* chunksOf(
  request: IncomingMessage,
  encoding: Encoding,
  maxSent: number,
): AsyncGenerator<Buffer, void> {
  const counted = countedChunks(request, maxSent)
  if (encoding === 'identity') return yield* counted
  try {
    yield* inflated(counted, COMPRESSIONS[encoding], BOUNDS)
  } catch (error) {
    if (error instanceof InflateError) throw new HttpError(400, 'bad-encoding', `The body ${error.message}.`)
    throw error
  }
}

async function* countedChunks(request: IncomingMessage, most: number): AsyncGenerator<Buffer, void> {
  let sent = 0
  const chunks = (request as Readable).iterator({ destroyOnReturn: false })
  try {
    while (true) {
      const { value: chunk, done } = await chunks.next().catch(() => {
        throw cutOff()
      })
      if (done) return
      sent += chunk.length
      if (sent > most) throw tooLarge(most)
      yield chunk
    }
  } finally {
    // The rest of the body is discarded unread, so that the client gets the answer and may send its next
    // request.
    await chunks.return?.()
    request.resume()
  }
}

export function tooLarge(most: number): HttpError {
  return new HttpError(
    413,
    'too-large',
    `The body is longer than ${most} bytes when decompressed; send it in smaller parts.`,
  )
}

/** Appears only in the log: the client has gone and receives no answer. */
function cutOff(): HttpError {
  return new HttpError(400, 'cut-off', 'The connection closed before the body ended.')
}
