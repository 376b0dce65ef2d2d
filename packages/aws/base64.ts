/** Decodes base64 as strictly as AWS does: plain alphabet, with padding. Node skips unknown characters. */

const PLUS = 43
const SLASH = 47
const PAD = 61

/** Returns undefined for a text that is not strict base64. */
export function decodeBase64(text: string): Buffer | undefined {
  const { length } = text
  if (length === 0) return Buffer.alloc(0)
  if ((length & 3) !== 0) return undefined
  const pads = text.charCodeAt(length - 1) !== PAD ? 0 : text.charCodeAt(length - 2) !== PAD ? 1 : 2
  if (pads > 0 && (digit(text.charCodeAt(length - 1 - pads)) & (pads === 1 ? 0b11 : 0b1111)) !== 0)
    return undefined
  const bytes = Buffer.from(text, 'base64')
  // Each skipped character makes the result shorter. Node does not skip those of the URL alphabet.
  return bytes.length !== (length / 4) * 3 - pads || text.includes('-') || text.includes('_')
    ? undefined
    : bytes
}

/**
 * Returns AWS's message about a text that decodeBase64 refused, with AWS's spelling.
 * @param length the length of the whole text, if this is a part of it
 */
export function base64Problem(text: string, length: number = text.length): string {
  if (length % 4 !== 0) return `Base64 encoded length is expected a multiple of 4 bytes but found: ${length}`
  const wrong = /[^a-zA-Z0-9+/=]|=[^=]/.exec(text)
  return wrong === null
    ? 'Invalid last non-pad Base64 character dectected'
    : `Invalid Base64 character: '${wrong[0][0]}'`
}

/** Returns the value of a character; 0 for an unknown one, which the length of the result reveals. */
function digit(code: number): number {
  if (code >= 97) return code - 71
  if (code >= 65) return code - 65
  if (code >= 48) return code + 4
  return code === PLUS ? 62 : code === SLASH ? 63 : 0
}
