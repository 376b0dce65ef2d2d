/** All functions by their names in lower case. */

import { BITS } from './bits.ts'
import type { SqlFunction } from './call.ts'
import { COLLECTIONS } from './collections.ts'
import { ENCODING } from './encoding.ts'
import { HASHES } from './hashes.ts'
import { MATH } from './math.ts'
import { METADATA } from './metadata.ts'
import { REGEXPS } from './regexps.ts'
import { STRINGS } from './strings.ts'
import { TIMES } from './time/times.ts'

export const FUNCTIONS: ReadonlyMap<string, SqlFunction> = new Map(
  [BITS, COLLECTIONS, ENCODING, HASHES, MATH, METADATA, REGEXPS, STRINGS, TIMES].flatMap((functions) =>
    Object.entries(functions),
  ),
)
