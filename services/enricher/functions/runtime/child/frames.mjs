/**
 * Messages on the pipe to the service, as ../frames.ts has them: length of the body (u32, little endian), type (u8), number of the invocation (u32), and
 * one more number (u32) whose meaning depends on the type; then the body.
 */
const HEADER = 13

/** From the service. */
export const INIT = 1
export const INVOKE = 2
/** To the service; their further number is the largest resident size so far, in KiB. */
export const READY = 1
export const RESULT = 2
export const HANDLED = 3
export const UNHANDLED = 4
export const TOO_LARGE = 5
/** The process ends after it. */
export const FATAL = 6
export const INIT_FAILED = 7
export const MEMORY = 8

/** Writes one message, and calls `written` when the kernel has all of it. */
export function send(socket, type, sequence, body, written) {
  const header = Buffer.allocUnsafe(HEADER)
  header.writeUInt32LE(body.length, 0)
  header.writeUInt8(type, 4)
  header.writeUInt32LE(sequence, 5)
  header.writeUInt32LE(process.resourceUsage().maxRSS, 9)
  socket.cork()
  socket.write(header)
  socket.write(body, written)
  socket.uncork()
}

/** Hands over each message as (type, sequence, number, body). Bodies are copied at most once, into a buffer of their size. */
export function receive(socket, onMessage) {
  const header = Buffer.allocUnsafe(HEADER)
  let headerBytes = 0
  let body
  let bodyBytes = 0
  socket.on('data', (chunk) => {
    let at = 0
    while (at < chunk.length || (body !== undefined && body.length === bodyBytes)) {
      if (body === undefined) {
        const taken = chunk.copy(header, headerBytes, at)
        headerBytes += taken
        at += taken
        if (headerBytes < HEADER) return
        body = Buffer.allocUnsafeSlow(header.readUInt32LE(0))
        bodyBytes = 0
      }
      const taken = chunk.copy(body, bodyBytes, at)
      bodyBytes += taken
      at += taken
      if (bodyBytes < body.length) return
      const whole = body
      body = undefined
      headerBytes = 0
      onMessage(header.readUInt8(4), header.readUInt32LE(5), header.readUInt32LE(9), whole)
    }
  })
}
