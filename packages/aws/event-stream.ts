/** Writes answers that are streams of events (Smithy, "Amazon event stream specification"). */
import { crc32 } from 'node:zlib'
import { leaseOf } from '@weir/service'
import type { AwsContext } from './context.ts'
import { type AwsError, errorBody } from './errors.ts'
import { shapeOf } from './model.ts'
import { compileEncoder, contentTypeOf, type Encode, encodeTexts } from './wire.ts'

export const EVENT_STREAM = 'application/vnd.amazon.eventstream'

/** The type of a header's value. */
const STRING = 7
/** The lengths of the message and of its headers, and a checksum of both. */
const PRELUDE_LENGTH = 12
const CHECKSUM_LENGTH = 4

/** @param headers texts by name; at most 255 bytes for a name, 65535 for a text */
export function encodeMessage(headers: Readonly<Record<string, string>>, payload: Uint8Array): Buffer {
  const entries = Object.entries(headers).map(
    ([name, value]) => [Buffer.from(name), Buffer.from(value)] as const,
  )
  let headersLength = 0
  for (const [name, value] of entries) headersLength += 1 + name.length + 1 + 2 + value.length
  const length = PRELUDE_LENGTH + headersLength + payload.length + CHECKSUM_LENGTH
  const message = Buffer.allocUnsafe(length)
  message.writeUInt32BE(length, 0)
  message.writeUInt32BE(headersLength, 4)
  message.writeUInt32BE(crc32(message.subarray(0, 8)), 8)
  let at = PRELUDE_LENGTH
  for (const [name, value] of entries) {
    at = message.writeUInt8(name.length, at)
    at += name.copy(message, at)
    at = message.writeUInt8(STRING, at)
    at = message.writeUInt16BE(value.length, at)
    at += value.copy(message, at)
  }
  message.set(payload, at)
  at += payload.length
  message.writeUInt32BE(crc32(message.subarray(0, at)), at)
  return message
}

/** @param type the event's name, or initial-response for the members of the answer that are not events */
export function eventMessage(type: string, contentType: string, payload: Uint8Array): Buffer {
  return encodeMessage(
    { ':event-type': type, ':content-type': contentType, ':message-type': 'event' },
    payload,
  )
}

/** Returns the message of an error that the model has for the stream. */
export function exceptionMessage(type: string, contentType: string, payload: Uint8Array): Buffer {
  return encodeMessage(
    { ':exception-type': type, ':content-type': contentType, ':message-type': 'exception' },
    payload,
  )
}

/** Returns the message of any other error. */
export function errorMessage(code: string, message: string): Buffer {
  return encodeMessage(
    { ':error-code': code, ':error-message': message, ':message-type': 'error' },
    Buffer.alloc(0),
  )
}

/** A client that takes longer to read an event is disconnected. */
const MAX_READ_MS = 60_000
/**
 * The memory of an event that is not read yet, as a multiple of its bytes: the event, the records in it, and
 * the records that were read ahead.
 */
const WAITING_FACTOR = 3

export interface EventStream {
  /** Resolves when the client has disconnected or the stream has ended. */
  readonly closed: Promise<void>
  /**
   * Resolves when the next event may be sent: a slow client slows the sender. Events to a client that has
   * disconnected are lost. A client that does not read is disconnected after a minute, or at once while
   * memory is short.
   */
  send(type: string, event: object): Promise<void>
  /** Sends the last message of a stream that failed. */
  fail(error: AwsError): Promise<void>
  end(): void
}

/**
 * Answers 200 and begins the stream of an operation whose output has one. The operation must then return
 * HIJACKED.
 */
export function openEventStream({
  request,
  reply: { raw },
  model,
  operation,
  encoding,
  headers,
}: AwsContext): EventStream {
  const lease = leaseOf(request)
  const events = eventsOf(model.operations[operation].output)
  const encoders = new Map<string, Encode>()
  const contentType = contentTypeOf(encoding, model.jsonVersion!)
  const closed = new Promise<void>((resolve) => raw.once('close', resolve))

  function eventsOf(output: string | undefined): Readonly<Record<string, string>> {
    const shape = output === undefined ? undefined : shapeOf(model, output)
    for (const name of shape?.type === 'structure' ? Object.values(shape.members) : []) {
      const member = shapeOf(model, name)
      if (member.type === 'structure' && member.eventstream) return member.members
    }
    throw new Error(`${operation} does not have an event stream.`)
  }

  const encoderOf = (type: string): Encode => {
    const made = encoders.get(type) ?? compileEncoder(model, events[type])
    encoders.set(type, made)
    return made
  }

  const write = async (message: Buffer): Promise<void> => {
    if (raw.destroyed || raw.writableEnded || raw.write(message)) return
    if (!lease.cover(WAITING_FACTOR * message.length)) return void raw.destroy()
    const read = Promise.withResolvers<void>()
    const limit = setTimeout(() => raw.destroy(), MAX_READ_MS)
    raw.once('drain', read.resolve)
    await Promise.race([read.promise, closed])
    raw.off('drain', read.resolve)
    clearTimeout(limit)
    lease.cover(0)
  }

  raw.writeHead(200, { ...headers, 'content-type': EVENT_STREAM })
  void write(eventMessage('initial-response', contentType, encodeTexts({}, encoding)))
  return {
    closed,
    send: (type, event) => write(eventMessage(type, contentType, encoderOf(type)(event, encoding))),
    fail: (error) =>
      write(
        Object.hasOwn(events, error.code)
          ? exceptionMessage(error.code, contentType, encodeTexts(errorBody(error), encoding))
          : errorMessage(error.code, error.message),
      ),
    end: () => {
      raw.end()
    },
  }
}
