/**
 * Messages on the pipe between the service and an execution environment, for both sides: length of the body
 * (u32, little endian), type (u8), number of the invocation (u32; 0 if the message belongs to none), and one
 * more number (u32): bytes of the meta part of an invocation, or the child's largest resident size in KiB;
 * then the body.
 */
const HEADER = 13

/** The most bytes of a response, as in Lambda. */
export const MAX_RESPONSE_BYTES = 6_291_556

/** Messages from the service. */
export const INIT = 1
export const INVOKE = 2
/** Messages from the child. */
export const READY = 1
export const RESULT = 2
export const HANDLED = 3
export const UNHANDLED = 4
export const TOO_LARGE = 5
/** The process ends after this message. */
export const FATAL = 6
export const INIT_FAILED = 7
export const MEMORY = 8

/**
 * Writes one message, whose body is the `parts` in order (not copied), and calls `written` when the kernel
 * has all of it.
 */
export function sendFrame(socket, type, sequence, number, parts, written) {
  const header = Buffer.allocUnsafe(HEADER)
  header.writeUInt32LE(
    parts.reduce((bytes, part) => bytes + part.length, 0),
    0,
  )
  header.writeUInt8(type, 4)
  header.writeUInt32LE(sequence, 5)
  header.writeUInt32LE(number, 9)
  socket.cork()
  socket.write(header)
  for (let i = 0; i < parts.length; i++) socket.write(parts[i], i === parts.length - 1 ? written : undefined)
  socket.uncork()
}

/**
 * Returns a consumer of chunks, which copies each body at most once. A body larger than `maxBytes` makes it
 * call `onBad` once and ignore what follows.
 */
export function frameReader(maxBytes, onFrame, onBad) {
  const header = Buffer.allocUnsafe(HEADER)
  let headerBytes = 0
  let body
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
      const frame = {
        type: header.readUInt8(4),
        sequence: header.readUInt32LE(5),
        number: header.readUInt32LE(9),
        body,
      }
      body = undefined
      headerBytes = 0
      onFrame(frame)
    }
  }
}
