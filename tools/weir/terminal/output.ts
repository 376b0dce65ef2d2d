/** Writes to stdout: waits if the reader is slow, ends quietly if the reader has gone. */
import { once } from 'node:events'

let readerGone = false
process.stdout.on('error', () => {
  readerGone = true
}) // EPIPE: `weir … | head` has seen enough.
process.stderr.on('error', () => {}) // A full disk under a log must not end the command.

/**
 * Aborts when the command should end: SIGINT, SIGTERM, or the reader of stdout gone (EPIPE). A second SIGINT
 * ends the process at once.
 */
export function untilStopped(): AbortSignal {
  const controller = new AbortController()
  const stop = (): void => controller.abort()
  process.once('SIGINT', stop)
  process.once('SIGTERM', stop)
  process.stdout.on('error', stop)
  return controller.signal
}

/** Resolves when stdout accepts more, when its reader has gone, or when `signal` aborts. */
export async function print(text: string | Uint8Array, signal?: AbortSignal): Promise<void> {
  if (readerGone || signal?.aborted || process.stdout.write(text)) return
  await once(process.stdout, 'drain', signal ? { signal } : {}).catch(() => {})
}

export const printJson = (value: unknown): Promise<void> => print(`${JSON.stringify(value, null, 2)}\n`)
