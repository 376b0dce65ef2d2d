/** Functions for Node.js: messages on file descriptor 3 of a process that runs child/main.mjs. */
import type { Duplex } from 'node:stream'
import {
  FATAL,
  type Frame,
  frameReader,
  HANDLED,
  INIT,
  INIT_FAILED,
  INVOKE,
  MAX_RESPONSE_BYTES,
  MEMORY,
  READY,
  RESULT,
  sendFrame,
  TOO_LARGE,
  UNHANDLED,
} from './child/frames.mjs'
import type { Host, Link } from './link.ts'
import { startNode } from './node-program.ts'
import type { EnvironmentOptions } from './options.ts'
import { HAS_PROC } from './processes.ts'
import type { FailureKind } from './result.ts'
import { runtimeVariables } from './variables.ts'

/** How often the child reports its memory if the service cannot measure it. */
const MEMORY_MS = 100
/** Memory messages that may have queued up while this process was busy. */
const MEMORY_BACKLOG = 50
const EMPTY = Buffer.alloc(0)

export function openNodeLink(options: EnvironmentOptions, host: Host): Link {
  const child = startNode(options.directory, options.memoryMb, options.confinement)
  const pipe = child.stdio[3] as Duplex
  const openedAt = performance.now()
  let memoryFrames = 0
  /** The one message that is due from the child: 0 for its start, the number of a call, or none. */
  let expected: number | undefined = 0
  let open = true

  const read = frameReader(MAX_RESPONSE_BYTES, received, intruded)
  pipe.on('data', (chunk: Buffer) => {
    if (open) read(chunk)
  })
  pipe.on('error', () => {})
  pipe.on('close', () => host.lost())
  host.spawned(child)
  send(
    INIT,
    0,
    {
      directory: options.directory,
      handler: options.handler,
      functionArn: options.functionArn,
      environment: runtimeVariables(options),
      reportMemoryMs: HAS_PROC ? undefined : MEMORY_MS,
    },
    EMPTY,
  )

  function send(type: number, sequence: number, meta: object, payload: Buffer): void {
    const text = Buffer.from(JSON.stringify(meta))
    sendFrame(pipe, type, sequence, text.length, [text, payload])
  }

  function received({ type, sequence, number, body }: Frame): void {
    if (!open) return
    if (!HAS_PROC) host.measured(number)
    if (type === MEMORY && !HAS_PROC && ++memoryFrames < dueMemoryFrames()) return
    if (sequence !== expected || !(sequence === 0 ? OF_START : OF_CALLS).includes(type)) return intruded()
    expected = undefined
    if (type === READY) host.ready()
    else if (type === INIT_FAILED) host.dying('init', body)
    else if (type === FATAL) host.dying('unhandled', body)
    else host.answered(type === RESULT ? undefined : FAILURES[type], body)
  }

  const dueMemoryFrames = (): number => (performance.now() - openedAt) / MEMORY_MS + MEMORY_BACKLOG

  function intruded(): void {
    host.intruded(
      'The function wrote to file descriptor 3, which belongs to its runtime; its environment was ended.',
    )
  }

  return {
    begin: ({ sequence, payload, ...meta }) => {
      expected = sequence
      send(INVOKE, sequence, meta, payload)
    },
    close: () => {
      open = false
      pipe.destroy()
    },
  }
}

const FAILURES: Readonly<Record<number, FailureKind>> = {
  [HANDLED]: 'handled',
  [UNHANDLED]: 'unhandled',
  [TOO_LARGE]: 'too-large',
}
const OF_START: readonly number[] = [READY, INIT_FAILED]
const OF_CALLS: readonly number[] = [RESULT, HANDLED, UNHANDLED, TOO_LARGE, FATAL]
