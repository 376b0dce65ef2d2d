import type { Writable } from 'node:stream'

export const MAX_RESPONSE_BYTES: number
export const INIT: 1
export const INVOKE: 2
export const READY: 1
export const RESULT: 2
export const HANDLED: 3
export const UNHANDLED: 4
export const TOO_LARGE: 5
export const FATAL: 6
export const INIT_FAILED: 7
export const MEMORY: 8

export interface Frame {
  readonly type: number
  readonly sequence: number
  readonly number: number
  readonly body: Buffer
}

export function sendFrame(socket: Writable, type: number, sequence: number, number: number, parts: readonly Buffer[], written?: () => void): void
export function frameReader(maxBytes: number, onFrame: (frame: Frame) => void, onBad: () => void): (chunk: Buffer) => void
