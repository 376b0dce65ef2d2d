/**
 * Messages between the service and an execution environment, as child/frames.mjs has them: length of the body (u32, little endian), type (u8), number of the
 * invocation (u32), one more number (u32): bytes of the meta part of an invocation, or the child's largest resident size in KiB; then the body.
 * What comes from the child is not to be trusted: the function's code can write to the pipe as well.
 */
import type { Writable } from 'node:stream'

const HEADER = 13

/** To the child. */
export const INIT = 1
export const INVOKE = 2
/** From the child. */
export const READY = 1
export const RESULT = 2
export const HANDLED = 3
export const UNHANDLED = 4
export const TOO_LARGE = 5
/** The process ends after it. */
export const FATAL = 6
export const INIT_FAILED = 7
export const MEMORY = 8

export interface Frame {
  readonly type: number
  /** Of the invocation; 0 where the message belongs to none. */
  readonly sequence: number
  readonly number: number
  readonly body: Buffer
}

/** Writes one message; its body is meta (JSON) and payload, neither of which is copied. */
export function sendFrame(socket: Writable, type: number, sequence: number, meta: Buffer, payload?: Buffer): void {
  const header = Buffer.allocUnsafe(HEADER)
  header.writeUInt32LE(meta.length + (payload?.length ?? 0), 0)
  header.writeUInt8(type, 4)
  header.writeUInt32LE(sequence, 5)
  header.writeUInt32LE(meta.length, 9)
  socket.cork()
  socket.write(header)
  socket.write(meta)
  if (payload) socket.write(payload)
  socket.uncork()
}

/** Returns a consumer of chunks. A body larger than `maxBytes` makes it call `onBad` once and ignore what follows. */
export function frameReader(maxBytes: number, onFrame: (frame: Frame) => void, onBad: () => void): (chunk: Buffer) => void {
  const header = Buffer.allocUnsafe(HEADER)
  let headerBytes = 0
  let body: Buffer | undefined
  let bodyBytes = 0
  let bad = false
  return (chunk) => {
    let at = 0
    while (!bad && (at < chunk.length || (body !== undefined && bodyBytes === body.length))) {
      if (body === undefined) {
        const taken = chunk.copy(header, headerBytes, at)
        headerBytes += taken
        at += taken
        if (headerBytes < HEADER) return
        const length = header.readUInt32LE(0)
        if (length > maxBytes) {
          bad = true
          onBad()
          return
        }
        body = Buffer.allocUnsafeSlow(length)
        bodyBytes = 0
      }
      const taken = chunk.copy(body, bodyBytes, at)
      bodyBytes += taken
      at += taken
      if (bodyBytes < body.length) return
      const frame = { type: header.readUInt8(4), sequence: header.readUInt32LE(5), number: header.readUInt32LE(9), body }
      body = undefined
      headerBytes = 0
      onFrame(frame)
    }
  }
}
