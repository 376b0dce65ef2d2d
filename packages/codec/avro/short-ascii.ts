/**
 * Reads short ASCII strings without a call into native code: ids and names are a few bytes long, and Buffer's
 * own methods then take three times as long (about 90 ns against 30 for 9 bytes). There is one function for
 * each length, because only a call with a fixed number of arguments is fast.
 */
import { Source } from './source.ts'

export const LONGEST_SHORT = 24

/** Functions by length. Each returns the string at `at`, or undefined if a byte is not ASCII. */
export const shortAscii: readonly ((bytes: Uint8Array, at: number) => string | undefined)[] = Array.from(
  { length: LONGEST_SHORT + 1 },
  (_, length) => {
    const source = new Source()
    const units = Array.from({ length }, (_, i) => `unit${i}`)
    source.line('return (bytes, at) => {')
    units.forEach((unit, i) => source.line(`const ${unit} = bytes[at + ${i}]`))
    source.line(
      `return (${['0', ...units].join(' | ')}) < 0x80 ? String.fromCharCode(${units.join(', ')}) : undefined`,
    )
    source.line('}')
    return source.compile({})
  },
)
