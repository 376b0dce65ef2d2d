/** Asks a service for its health, as /readyz tells it. */
import type { Stall } from './groups.ts'

export type State = 'ready' | 'not ready' | 'down'

/** The answer of /readyz. */
export interface Readyz {
  readonly ready?: boolean
  readonly stopping?: boolean
  readonly dependencies?: Readonly<Record<string, string>>
  readonly stalled?: readonly Stall[]
}

export interface Probed {
  readonly state: State
  /** Why it is not ready; empty if it is. */
  readonly reason: string
  /** The dependencies that it waits for, by name, with the reason if there is one. */
  readonly missing: readonly { readonly name: string; readonly reason: string }[]
}

/** An answer with more bytes is not that of a service of Weir. */
const MAX_ANSWER_BYTES = 256 << 10
/** The most stalled partitions that are listed: partitions often stall together. */
const MAX_STALLED = 2

/** Ends within the timeout and never rejects. */
export async function probeService(url: string, timeoutMs: number): Promise<Probed> {
  try {
    const response = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(timeoutMs) })
    const text = await boundedText(response, MAX_ANSWER_BYTES)
    return stateOf(readyzOf(text), response.status)
  } catch (error) {
    return { ...failureOf(error as Error, timeoutMs), missing: [] }
  }
}

/** Resolves to true if the service is ready. Rejects with the reason if it is not. */
export async function demandReady(url: string): Promise<true> {
  const { state, reason } = await probeService(url, 2000)
  if (state === 'ready') return true
  throw new Error(reason)
}

/** A slow server counts as present, not as down: it may run on an overloaded machine. */
export function failureOf(error: Error, timeoutMs: number): Pick<Probed, 'state' | 'reason'> {
  if (error.name === 'TimeoutError')
    return { state: 'not ready', reason: `no answer within ${timeoutMs / 1000} s` }
  const reason = reasonOf(error)
  return {
    state: 'down',
    reason: reason === 'ECONNREFUSED' || reason === 'no-broker' ? 'nothing listens there' : reason,
  }
}

/** Returns why a request failed: a code if there is one, or the message. */
export function reasonOf(error: Error): string {
  const { code } = (error.cause ?? error) as NodeJS.ErrnoException
  if (typeof code === 'string') return code // The code of a timeout is a number.
  // The message of fetch is only "fetch failed"; its cause says why, such as "bad port".
  return error instanceof TypeError && error.cause instanceof Error ? error.cause.message : error.message
}

/** Returns the text of an answer. Rejects, and reads no further, if it has more bytes. */
export async function boundedText(response: Response, maxBytes: number): Promise<string> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length
    if (bytes > maxBytes) throw new Error(`its answer is longer than ${maxBytes} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

function readyzOf(text: string): Readyz {
  try {
    return (JSON.parse(text) ?? {}) as Readyz
  } catch {
    return {}
  }
}

function stateOf({ ready, stopping, dependencies = {}, stalled = [] }: Readyz, status: number): Probed {
  const missing = Object.entries(dependencies)
    .filter(([, state]) => state !== 'ready')
    .map(([name, state]) => ({ name, reason: state.replace(/^not ready(: )?/, '') }))
  const waits = missing.map(({ name, reason }) => (reason === '' ? name : `${name}: ${reason}`))
  const stuck = stalled
    .slice(0, MAX_STALLED)
    .map(
      ({ group, topic, partition, offset, reason }) =>
        `${group} is stuck at ${topic}/${partition} ${offset}: ${reason}`,
    )
  // A service is ready all the same if only a user's mapping is stuck.
  if (ready) return { state: 'ready', reason: stuck.join('; '), missing: [] }
  const reasons = [...(waits.length > 0 ? [`waits for ${waits.join(', ')}`] : []), ...stuck]
  return {
    state: 'not ready',
    reason: stopping ? 'stopping' : reasons.join('; ') || `answers ${status}`,
    missing,
  }
}
