/** Reads the bytes of a function's answer. */
import type { Outcome } from '../runtime/outcome.ts'
import type { CallResult } from './delivery.ts'

const MAX_ERROR_LENGTH = 2000
/**
 * The most objects and arrays in an answer. Each takes about 60 bytes of memory, so 6 MB of "[" would take several
 * hundred. The records that fit into an answer stay below this number.
 */
const MAX_CONTAINERS = 600_000

/** An answer that is not JSON fails the invocation. Only a function that forges its answer can send it. */
export function resultOf({ ok, payload }: Outcome): CallResult {
  if (!ok) return { kind: 'error', error: payload.toString('utf8', 0, MAX_ERROR_LENGTH) }
  if (payload.length === 0) return { kind: 'success', response: undefined }
  if (payload.length > MAX_CONTAINERS && containersIn(payload) > MAX_CONTAINERS) {
    return { kind: 'error', error: `The function's answer has more than ${MAX_CONTAINERS} objects and arrays.` }
  }
  try {
    return { kind: 'success', response: JSON.parse(payload.toString()) }
  } catch {
    return { kind: 'error', error: `The function's answer is not JSON: ${payload.toString('utf8', 0, 100)}` }
  }
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
const BRACKET = 0x5b
const BRACE = 0x7b

/** Counts the objects and arrays; brackets inside of strings are left out. */
function containersIn(json: Buffer): number {
  let count = 0
  for (let i = 0, inText = false; i < json.length; i++) {
    const byte = json[i]
    if (byte === QUOTE) inText = !inText
    else if (inText && byte === BACKSLASH) i++
    else if (!inText && (byte === BRACKET || byte === BRACE)) count++
  }
  return count
}
