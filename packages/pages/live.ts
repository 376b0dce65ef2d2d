/**
 * A page's live stream: Server-Sent Events with one snapshot a second, computed only while there are viewers.
 */
import type { ServerResponse } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import { type Client, HttpError } from '@weir/service'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { holderOf } from './holder.ts'

interface Viewer {
  readonly raw: ServerResponse
  /** The client of the viewer's key; undefined once the key is no longer valid. */
  readonly client: () => Client | undefined
  readonly holder: string
  /** When the connection stopped accepting data; 0 while it accepts data. */
  blockedSince: number
}

const EVERY_MS = 1000
/**
 * A viewer that accepts nothing for this long is disconnected. Until then it gets no further snapshots, so at
 * most one is buffered.
 */
const SLOW_MS = 5000
/** How long browsers wait before they reconnect after the stream breaks. */
const RETRY_MS = 2000

/** The last events of streams that the server ends for a reason. */
const UNAUTHORIZED = endEvent('unauthorized', 'The API key is no longer valid.')
const MAKING_ROOM = endEvent('too-many-viewers', 'Others are waiting for this page; try again later.')

export class Live {
  readonly #snapshot: () => Promise<Buffer>
  readonly #maxViewers: number
  readonly #viewers = new Set<Viewer>()
  readonly #ending = new AbortController()
  #running = false

  /**
   * @param snapshot returns JSON on one line and never rejects. It takes a few seconds at most, so the stream
   * needs no heartbeat of its own.
   */
  constructor(snapshot: () => Promise<Buffer>, maxViewers: number) {
    this.#snapshot = snapshot
    this.#maxViewers = maxViewers
  }

  get viewers(): number {
    return this.#viewers.size
  }

  /**
   * Answers with the stream, or with 503 and Retry-After if there are too many viewers or the server is
   * stopping. The stream ends once `client` returns undefined. If all places are taken, the holder with the
   * most viewers gives one up to a holder with fewer.
   */
  admit(request: FastifyRequest, reply: FastifyReply, client: () => Client | undefined): FastifyReply {
    const holder = holderOf(client()?.name, request.ip)
    if (this.#ending.signal.aborted || !this.#hasRoomFor(holder)) {
      throw new HttpError(
        503,
        'too-many-viewers',
        'Too many people are looking at this page; try again in a few seconds.',
        { 'retry-after': '5' },
      )
    }
    reply.hijack()
    const { raw } = reply
    raw.writeHead(200, {
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'x-accel-buffering': 'no', // nginx would collect events before it passes them on
    })
    raw.write(`retry: ${RETRY_MS}\n\n`)
    const viewer: Viewer = { raw, client, holder, blockedSince: 0 }
    this.#viewers.add(viewer)
    raw.on('close', () => this.#viewers.delete(viewer))
    raw.on('drain', () => {
      viewer.blockedSince = 0
    })
    raw.on('error', () => {}) // 'close' follows
    if (this.#running) void this.#snapshot().then((json) => show(viewer, eventOf(json)))
    else void this.#run()
    return reply
  }

  /**
   * Ends all streams. The browsers reconnect by themselves, to another replica or to this one's successor.
   */
  end(): void {
    this.#ending.abort()
    for (const { raw } of this.#viewers) raw.end()
  }

  #hasRoomFor(holder: string): boolean {
    const watching = [...this.#viewers].filter(({ raw }) => !raw.writableEnded)
    if (watching.length < this.#maxViewers) return true
    const byHolder = Map.groupBy(watching, (viewer) => viewer.holder)
    const most = [...byHolder.values()].reduce((a, b) => (b.length > a.length ? b : a), [])
    if (most.length <= (byHolder.get(holder)?.length ?? 0) + 1) return false
    dismiss(most.at(-1)!, MAKING_ROOM)
    return true
  }

  /** Sends snapshots as long as there are viewers. */
  async #run(): Promise<void> {
    this.#running = true
    while (this.#viewers.size > 0 && !this.#ending.signal.aborted) {
      const started = Date.now()
      const event = eventOf(await this.#snapshot())
      for (const viewer of this.#viewers) show(viewer, event)
      await pause(Math.max(0, EVERY_MS - (Date.now() - started)), undefined, {
        signal: this.#ending.signal,
      }).catch(() => {})
    }
    this.#running = false
  }
}

/** One copy of the bytes serves all viewers. */
function eventOf(json: Buffer): Buffer {
  return Buffer.concat([Buffer.from('event: snapshot\ndata: '), json, Buffer.from('\n\n')])
}

function endEvent(code: string, message: string): string {
  return `event: end\ndata: ${JSON.stringify({ code, message })}\n\n`
}

function show(viewer: Viewer, event: Buffer): void {
  if (viewer.client() === undefined) dismiss(viewer, UNAUTHORIZED)
  const { raw, blockedSince } = viewer
  if (blockedSince > 0) {
    if (Date.now() - blockedSince > SLOW_MS) raw.destroy()
  } else if (!raw.writableEnded && !raw.destroyed && !raw.write(event)) {
    viewer.blockedSince = Date.now()
  }
}

/**
 * Ends the stream with a last event. A connection that does not accept it is closed like any other that
 * accepts nothing.
 */
function dismiss(viewer: Viewer, event: string): void {
  if (viewer.raw.writableEnded) return
  viewer.raw.end(event)
  viewer.blockedSince ||= Date.now()
}
