/** Reads a connection packet by packet. It does not read while the next packet has to wait. */
import type { Duplex } from 'node:stream'
import { Frames } from './frames.ts'
import { LIMITS } from './limits.ts'
import type { Pace } from './pace.ts'
import { REASON, Refusal } from './reasons.ts'

export interface InletOptions {
  /** Undefined if the connection is read as fast as its packets can be handled. */
  readonly pace: Pace | undefined
  /** Whether the next packet has to wait for what was read before. */
  mustWait(): boolean
  /** Handles the packet `bytes[start, end)`. Errors go to `failed`. */
  handle(bytes: Buffer, start: number, end: number): void
  failed(error: unknown): void
  /** Takes more bytes of memory, or gives some back if negative. False if there is no room. */
  cover(bytes: number): boolean
}

/** The first byte of CONNECT. */
const CONNECT = 0x10

export class Inlet {
  /** Whether the client has logged in. Before that, only CONNECT is read. */
  isOpen = false
  readonly #wire: Duplex
  readonly #options: InletOptions
  readonly #frames = new Frames()
  #seenAt = performance.now()
  #isPaused = false
  #isStopped = false
  #timer: NodeJS.Timeout | undefined
  /** Memory of a packet that has not arrived whole. */
  #covered = 0

  constructor(wire: Duplex, options: InletOptions) {
    this.#wire = wire
    this.#options = options
    wire.on('data', (chunk: Buffer) => {
      if (this.#isStopped) return
      this.#seenAt = performance.now()
      this.#frames.push(chunk)
      this.work()
    })
  }

  get isPaused(): boolean {
    return this.#isPaused
  }

  /** How long nothing has come, unless that is because nothing is read. */
  silentMs(now: number): number {
    return this.#isPaused ? 0 : now - this.#seenAt
  }

  /** Handles packets until there is none, or the next one has to wait. */
  work(): void {
    while (!this.#isStopped) {
      if (this.#options.mustWait() || this.#isTooFast()) return this.#pause()
      try {
        if (!this.#next()) return this.#resume()
        const { bytes, start, end } = this.#frames
        this.#options.pace?.count(end - start)
        this.#options.handle(bytes, start, end)
      } catch (error) {
        this.#options.failed(error)
      }
    }
  }

  stop(): void {
    this.#isStopped = true
    clearTimeout(this.#timer)
    if (this.#covered > 0) this.#options.cover(-this.#covered)
    this.#covered = 0
  }

  #isTooFast(): boolean {
    const waitMs = this.#options.pace?.waitMs(performance.now()) ?? 0
    if (waitMs === 0) return false
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      this.work()
    }, waitMs)
    return true
  }

  #next(): boolean {
    if (!this.isOpen && (this.#frames.type ?? CONNECT) >> 4 !== CONNECT >> 4)
      throw new Refusal(REASON.protocolError, 'The first packet must be CONNECT.')
    const found = this.#frames.next(this.isOpen ? LIMITS.packetBytes : LIMITS.connectBytes)
    const { partialBytes } = this.#frames
    if (!this.isOpen || partialBytes === this.#covered) return found
    if (!this.#options.cover(partialBytes - this.#covered))
      throw new Refusal(REASON.quotaExceeded, 'There is no room for a packet of this size now.')
    this.#covered = partialBytes
    return found
  }

  #pause(): void {
    if (this.#isPaused) return
    this.#isPaused = true
    this.#wire.pause()
  }

  #resume(): void {
    if (!this.#isPaused) return
    this.#isPaused = false
    this.#seenAt = performance.now()
    this.#wire.resume()
  }
}
