/** HTTP/2 without TLS on the port of HTTP/1.1: a connection that begins with HTTP/2's preface (RFC 9113, section 3.4) is served as such. */
import type { Server } from 'node:http'
import { constants, createServer, type ServerHttp2Session } from 'node:http2'
import type { Socket } from 'node:net'

interface Http2Options {
  /** A session without a request is closed after this time. */
  readonly idleMs: number
  /** A request of which nothing more comes for this time is cancelled. */
  readonly streamMs: number
  /** A connection that says nothing is closed after this time. */
  readonly prefaceMs: number
  readonly headerBytes: number
}

/** PRI: no method of HTTP/1.1 begins so. */
const PREFACE = Buffer.from('PRI')
const STREAMS_A_SESSION = 256

/** Serves what `server` serves, by the same handler. */
export function serveHttp2(server: Server, { idleMs, streamMs, prefaceMs, headerBytes }: Http2Options): { close(): void, destroy(): void } {
  const sessions = new Set<ServerHttp2Session>()
  const http2 = createServer({ settings: { maxConcurrentStreams: STREAMS_A_SESSION, maxHeaderListSize: headerBytes }, maxSessionMemory: 32 })
  for (const handler of server.listeners('request')) http2.on('request', handler as never)
  http2.on('session', (session) => {
    sessions.add(session)
    session.setTimeout(idleMs, () => session.close())
    session.on('close', () => sessions.delete(session))
    session.on('error', () => session.destroy())
  })
  http2.on('stream', (stream) => {
    stream.setTimeout(streamMs, () => stream.close(constants.NGHTTP2_CANCEL))
    // What was asked may take longer.
    stream.once('end', () => stream.setTimeout(0))
  })

  const serveHttp1 = server.listeners('connection') as ((this: Server, socket: Socket) => void)[]
  server.removeAllListeners('connection')
  server.on('connection', (socket: Socket) => {
    const ignore = (): void => {}
    socket.on('error', ignore)
    const silent = setTimeout(() => socket.destroy(), prefaceMs)
    const look = (): void => {
      const first: Buffer | null = socket.read(PREFACE.length)
      if (first === null && !socket.readableEnded) return
      clearTimeout(silent)
      socket.off('readable', look)
      socket.off('error', ignore)
      if (first !== null) socket.unshift(first)
      if (first?.equals(PREFACE)) http2.emit('connection', socket)
      else for (const serve of serveHttp1) serve.call(server, socket)
    }
    socket.on('readable', look)
    socket.once('close', () => clearTimeout(silent))
  })
  return {
    close: () => { for (const session of sessions) session.close() },
    destroy: () => { for (const session of sessions) session.destroy() },
  }
}
