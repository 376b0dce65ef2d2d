/** Hashes of strings, in hexadecimal. */
import { createHash } from 'node:crypto'
import { toText } from '../values/convert.ts'
import type { SqlFunction } from './call.ts'
import { MD2_STEPS_PER_BYTE, md2 } from './md2.ts'

export const HASHES: Readonly<Record<string, SqlFunction>> = {
  md2: ofBytes(md2, MD2_STEPS_PER_BYTE),
  ...Object.fromEntries(
    ['md5', 'sha1', 'sha224', 'sha256', 'sha384', 'sha512'].map((name) => [
      name,
      ofBytes((bytes) => createHash(name).update(bytes).digest('hex'), 1),
    ]),
  ),
}

function ofBytes(hash: (bytes: Buffer) => string, stepsPerByte: number): SqlFunction {
  return {
    arity: [1, 1],
    call: ([value], evaluation) => {
      const text = toText(value, evaluation)
      if (text === undefined) return undefined
      const bytes = Buffer.from(text)
      evaluation.count((bytes.length + 64) * stepsPerByte)
      return hash(bytes)
    },
  }
}
