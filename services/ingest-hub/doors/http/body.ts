/** Bodies as a stream of bytes: inflated, counted, and stopped where they go too far. The connection survives, so that the client gets its answer. */
import type { IncomingMessage } from 'node:http'
import type { Readable, Transform } from 'node:stream'
import { constants, createGunzip, createZstdDecompress } from 'node:zlib'
import { HttpError } from '@weir/service'

/** The largest window that a zstd frame may ask for, as a power of two: 8 MiB, what RFC 8878 (section 3.1.1.1.2) wants decoders to support at least. */
const ZSTD_WINDOW_LOG = 23

const INFLATERS: Readonly<Record<string, () => Transform>> = {
  'gzip': createGunzip,
  'x-gzip': createGunzip,
  'zstd': () => createZstdDecompress({ params: { [constants.ZSTD_d_windowLogMax]: ZSTD_WINDOW_LOG } }),
}

export type Encoding = 'identity' | 'gzip' | 'x-gzip' | 'zstd'

/** The body's Content-Encoding; throws 415 for one that is not served. */
export function encodingOf(request: IncomingMessage): Encoding {
  const encoding = request.headers['content-encoding']?.trim().toLowerCase() || 'identity'
  if (encoding === 'identity' || Object.hasOwn(INFLATERS, encoding)) return encoding as Encoding
  throw new HttpError(415, 'unsupported-encoding', 'Content-Encoding is gzip, zstd or identity.', { 'accept-encoding': 'gzip, zstd, identity' })
}

/**
 * The body's bytes, inflated. Reading on is asking for the next chunk, so a slow consumer slows the client. Throws 400 for what does not inflate, and
 * 413 as soon as the body as sent is longer than `mostSent` bytes.
 */
export async function* chunksOf(request: IncomingMessage, encoding: Encoding, mostSent: number): AsyncGenerator<Buffer, void> {
  const counted = countedChunks(request, mostSent)
  if (encoding === 'identity') yield* counted
  else yield* inflate(counted, INFLATERS[encoding](), encoding)
}

async function* countedChunks(request: IncomingMessage, most: number): AsyncGenerator<Buffer, void> {
  let sent = 0
  const chunks = (request as Readable).iterator({ destroyOnReturn: false })
  try {
    while (true) {
      const { value: chunk, done } = await chunks.next().catch(() => { throw cutOff() })
      if (done) return
      sent += chunk.length
      if (sent > most) throw tooLarge(most)
      yield chunk
    }
  } finally {
    // What is left passes by unread, so that the client hears the answer and may send its next request.
    await chunks.return?.()
    request.resume()
  }
}

/** Feeds the inflater while what it gives is read, and ends it whichever side ends first. */
async function* inflate(source: AsyncGenerator<Buffer, void>, inflater: Transform, encoding: Encoding): AsyncGenerator<Buffer, void> {
  let sourceError: unknown
  feed(source, inflater).catch((error) => {
    sourceError = error
    inflater.destroy(error)
  })
  try {
    for await (const chunk of inflater) yield chunk
  } catch (error) {
    if (error === sourceError) throw error
    throw new HttpError(400, 'bad-encoding', `The body is no valid ${encoding}, or it is cut off; send it again.`)
  } finally {
    inflater.destroy()
  }
}

async function feed(source: AsyncGenerator<Buffer, void>, inflater: Transform): Promise<void> {
  for await (const chunk of source) {
    if (inflater.destroyed) return
    if (!inflater.write(chunk)) await drained(inflater)
  }
  inflater.end()
}

function drained(inflater: Transform): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      inflater.off('drain', done)
      inflater.off('close', done)
      resolve()
    }
    inflater.on('drain', done)
    inflater.on('close', done)
  })
}

export function tooLarge(most: number): HttpError {
  return new HttpError(413, 'too-large', `The body is longer than ${most} bytes, inflated; send it in smaller parts.`)
}

/** For the log's sake: who sent it has gone and hears nothing any more. */
function cutOff(): HttpError {
  return new HttpError(400, 'cut-off', 'The connection closed before the body ended.')
}
