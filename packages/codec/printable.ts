/** Values and bytes as text for people. */

/** Returns the JSON text of a value; bytes inside it are base64, like protobuf's JSON mapping. */
export const jsonText = (value: unknown): string => JSON.stringify(value, (_, inner) => asJson(inner))

/** A replacer for JSON.stringify: turns what Buffer's own toJSON returns into base64. */
export function asJson(inner: unknown): unknown {
  const bytes = inner as { type?: string; data?: number[] } | null
  return typeof bytes === 'object' && bytes?.type === 'Buffer' && Array.isArray(bytes.data)
    ? Buffer.from(bytes.data).toString('base64')
    : inner
}

/** Returns text if the bytes are text, hex otherwise. */
export function printable(bytes: Buffer, most = Infinity): string {
  const text = bytes.toString('utf8')
  return /[\u0000-\u001f\ufffd]/.test(text) ? hex(bytes, most) : text
}

export function hex(bytes: Buffer, most: number): string {
  return `0x${bytes.subarray(0, most).toString('hex')}${bytes.length > most ? `… (${bytes.length} bytes)` : ''}`
}
