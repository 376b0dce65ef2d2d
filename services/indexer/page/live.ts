/** A page's live stream: Server-Sent Events with one snapshot a second, computed only while somebody looks. */
import type { ServerResponse } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { HttpError } from '@weir/service'

interface Viewer {
  readonly raw: ServerResponse
  /** When the connection last took no more, 0 while it takes. */
  blockedSince: number
}

const EVERY_MS = 1000
/** A viewer that took nothing for so long is disconnected; until then snapshots are left out for it, so at most one is buffered. */
const SLOW_MS = 5000
/** How long browsers wait before they come back after the stream broke. */
const RETRY_MS = 2000

export class Live {
  readonly #snapshot: () => Promise<string>
  readonly #mostViewers: number
  readonly #viewers = new Set<Viewer>()
  readonly #ending = new AbortController()
  #running = false

  /** @param snapshot gives JSON on one line and never rejects; as it takes some seconds at most, the stream needs no heartbeat of its own */
  constructor(snapshot: () => Promise<string>, mostViewers: number) {
    this.#snapshot = snapshot
    this.#mostViewers = mostViewers
  }

  get viewers(): number {
    return this.#viewers.size
  }

  /** Answers with the stream; 503 with Retry-After when there are too many viewers or the server is stopping. */
  admit(_request: FastifyRequest, reply: FastifyReply): FastifyReply {
    if (this.#ending.signal.aborted || this.#viewers.size >= this.#mostViewers) {
      throw new HttpError(503, 'too-many-viewers', 'Too many look at this page now; try again in some seconds.', { 'retry-after': '5' })
    }
    reply.hijack()
    const { raw } = reply
    raw.writeHead(200, {
      'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-content-type-options': 'nosniff',
      'x-accel-buffering': 'no', // nginx would collect events before it passes them on
    })
    raw.write(`retry: ${RETRY_MS}\n\n`)
    const viewer: Viewer = { raw, blockedSince: 0 }
    this.#viewers.add(viewer)
    raw.on('close', () => this.#viewers.delete(viewer))
    raw.on('drain', () => { viewer.blockedSince = 0 })
    raw.on('error', () => {}) // 'close' follows
    if (this.#running) void this.#snapshot().then((json) => send(viewer, eventOf(json)))
    else void this.#run()
    return reply
  }

  /** Ends all streams. The browsers come back by themselves, to another replica or to this one's successor. */
  end(): void {
    this.#ending.abort()
    for (const { raw } of this.#viewers) raw.end()
  }

  /** From the first viewer to the last. */
  async #run(): Promise<void> {
    this.#running = true
    while (this.#viewers.size > 0 && !this.#ending.signal.aborted) {
      const started = Date.now()
      const event = eventOf(await this.#snapshot())
      for (const viewer of this.#viewers) send(viewer, event)
      await pause(Math.max(0, EVERY_MS - (Date.now() - started)), undefined, { signal: this.#ending.signal }).catch(() => {})
    }
    this.#running = false
  }
}

/** One copy of the bytes serves all viewers. */
function eventOf(json: string): Buffer {
  return Buffer.from(`event: snapshot\ndata: ${json}\n\n`)
}

function send(viewer: Viewer, event: Buffer): void {
  const { raw, blockedSince } = viewer
  if (blockedSince > 0) {
    if (Date.now() - blockedSince > SLOW_MS) raw.destroy()
  } else if (!raw.writableEnded && !raw.destroyed && !raw.write(event)) {
    viewer.blockedSince = Date.now()
  }
}
