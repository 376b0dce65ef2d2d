/** What a function answered, from its bytes. */
import type { Outcome } from '../runtime/outcome.ts'
import type { InvokeResult } from './delivery.ts'

const MAX_ERROR_LENGTH = 2000
/**
 * Objects and arrays in an answer. Each takes some 60 bytes of memory however short it is written, so that 6 MB of "[" would take two hundred. As many records
 * as an answer has room for are below it.
 */
const MAX_CONTAINERS = 600_000

/** An answer that is no JSON, which only forged ones are, has failed like any other. */
export function resultOf({ ok, payload }: Outcome): InvokeResult<undefined> {
  if (!ok) return { kind: 'error', error: payload.toString('utf8', 0, MAX_ERROR_LENGTH) }
  if (payload.length === 0) return { kind: 'success', response: undefined, answer: undefined }
  if (payload.length > MAX_CONTAINERS && containersIn(payload) > MAX_CONTAINERS) {
    return { kind: 'error', error: `The function answered more than ${MAX_CONTAINERS} objects and arrays; return fewer.` }
  }
  try {
    return { kind: 'success', response: JSON.parse(payload.toString()), answer: undefined }
  } catch {
    return { kind: 'error', error: `The function answered what is no JSON: ${payload.toString('utf8', 0, 100)}` }
  }
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
const BRACKET = 0x5b
const BRACE = 0x7b

/** Those that begin outside of texts. */
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
