/** Reads the bytes of a function's answer. */
import type { Outcome } from '../runtime/outcome.ts'
import type { CallResult } from './delivery.ts'
import type { Mapping } from './mapping.ts'

const MAX_ERROR_LENGTH = 2000
/**
 * The most objects and arrays in an answer. Each takes about 60 bytes of memory, so 6 MB of "[" would take
 * several hundred. The records that fit into an answer stay below this number.
 */
const MAX_CONTAINERS = 600_000
/** A value that nests deeper can be parsed, but not written again. */
const MAX_DEPTH = 1000

/**
 * An answer that is not JSON fails the invocation: Python writes NaN, and functions with a runtime of their
 * own may answer anything. As in Lambda, an answer that the mapping does not use is not examined.
 */
export function resultOf(
  { ok, payload }: Pick<Outcome, 'ok' | 'payload'>,
  mapping: Pick<Mapping, 'output' | 'settings'>,
): Exclude<CallResult, { readonly kind: 'throttled' }> {
  if (!ok) return { kind: 'error', error: payload.toString('utf8', 0, MAX_ERROR_LENGTH) }
  if (payload.length === 0 || !usesAnswer(mapping)) return { kind: 'success', response: undefined }
  const { containers, depth } = measure(payload)
  if (containers > MAX_CONTAINERS) {
    return {
      kind: 'error',
      error: `The function's answer has more than ${MAX_CONTAINERS} objects and arrays.`,
    }
  }
  if (depth > MAX_DEPTH)
    return { kind: 'error', error: `The function's answer nests deeper than ${MAX_DEPTH} levels.` }
  try {
    return { kind: 'success', response: JSON.parse(payload.toString()) }
  } catch {
    return { kind: 'error', error: `The function's answer is not JSON: ${payload.toString('utf8', 0, 100)}` }
  }
}

function usesAnswer({ output, settings }: Pick<Mapping, 'output' | 'settings'>): boolean {
  return output !== undefined || settings.reportItemFailures || settings.tumblingMs > 0
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d
/** Brackets are braces without this bit. */
const CASE_BIT = 0x20

/** Counts the objects and arrays, and how many are open at once; brackets inside strings are left out. */
function measure(json: Buffer): { containers: number; depth: number } {
  let containers = 0
  let depth = 0
  let open = 0
  for (let i = 0, inText = false; i < json.length; i++) {
    const byte = json[i]
    if (byte === QUOTE) inText = !inText
    else if (inText) {
      if (byte === BACKSLASH) i++
    } else if ((byte | CASE_BIT) === OPEN_BRACE) {
      containers++
      if (++open > depth) depth = open
    } else if ((byte | CASE_BIT) === CLOSE_BRACE) open--
  }
  return { containers, depth }
}
