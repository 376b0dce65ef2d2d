/** Reads the bytes of a function's response. */
import type { InvocationResult } from '../runtime/result.ts'
import type { Mapping } from './mapping.ts'

const MAX_ERROR_LENGTH = 2000
/**
 * The most objects and arrays in a response. Each takes about 60 bytes of memory, so 6 MB of "[" would take
 * several hundred. The records that fit into a response stay below this number.
 */
const MAX_CONTAINERS = 600_000
/** A value that nests deeper can be parsed, but not written again. */
const MAX_DEPTH = 1000

export type ParsedResponse =
  | { readonly kind: 'success'; readonly value: unknown }
  | { readonly kind: 'error'; readonly error: string }

/**
 * A response that is not JSON fails the invocation: Python writes NaN, and functions with a runtime of their
 * own may return anything. As in Lambda, a response that the mapping does not use is not examined.
 */
export function responseOf(
  { ok, payload }: Pick<InvocationResult, 'ok' | 'payload'>,
  mapping: Pick<Mapping, 'output' | 'settings'>,
): ParsedResponse {
  if (!ok) return { kind: 'error', error: payload.toString('utf8', 0, MAX_ERROR_LENGTH) }
  return payload.length === 0 || !usesResponse(mapping)
    ? { kind: 'success', value: undefined }
    : parseAnswer(payload)
}

/** Parses JSON that a function has answered, or that came from outside: bounded in memory and depth. */
export function parseAnswer(payload: Buffer): ParsedResponse {
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
    return { kind: 'success', value: JSON.parse(payload.toString()) }
  } catch {
    return { kind: 'error', error: `The function's answer is not JSON: ${payload.toString('utf8', 0, 100)}` }
  }
}

function usesResponse({ output, settings }: Pick<Mapping, 'output' | 'settings'>): boolean {
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
