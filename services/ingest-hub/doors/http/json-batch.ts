/**
 * `application/json`: { "records": [ { "id"?, "value" } ] }. Nothing is sent before the whole body is read
 * and parsed.
 */
import { isUtf8 } from 'node:buffer'
import { HttpError, shapeOfJson, sharedBuffer } from '@weir/service'
import { LIMITS } from './limits.ts'
import type { BodySlabs } from './slabs.ts'

/**
 * Returns the records of the body, which are still to be checked. Throws 400 or 413 for a malformed or
 * oversized body.
 */
export function parseBatch(body: BodySlabs): readonly unknown[] {
  if (body.length === 0)
    throw new HttpError(400, 'empty-body', 'The body is empty; send { "records": [ { "value": { … } } ] }.')
  const whole = sharedBuffer(body.length)
  body.copyTo(whole)
  return recordsOf(parseJson(whole, body.length))
}

function parseJson(bytes: Buffer, end: number): unknown {
  if (!isUtf8(bytes.subarray(0, end)))
    throw new HttpError(400, 'invalid-utf8', 'The body is not valid UTF-8.')
  const { depth, values, names } = shapeOfJson(bytes, 0, end)
  if (depth > LIMITS.depth)
    throw new HttpError(400, 'too-deep', `The body nests deeper than ${LIMITS.depth} levels.`)
  if (values > LIMITS.bodyValues)
    throw new HttpError(
      413,
      'too-many-values',
      `The body has more than ${LIMITS.bodyValues} values; send it in smaller parts.`,
    )
  if (names > LIMITS.names)
    throw new HttpError(
      413,
      'too-many-names',
      `The body has more than ${LIMITS.names} different names, more than any contract.`,
    )
  try {
    return JSON.parse(bytes.toString('utf8', afterBom(bytes, 0, end), end))
  } catch (error) {
    throw new HttpError(400, 'not-json', `The body is not JSON: ${complaint(error)}`)
  }
}

function recordsOf(body: unknown): readonly unknown[] {
  const records = (body as { records?: unknown } | null)?.records
  if (!Array.isArray(records))
    throw new HttpError(
      400,
      'no-records',
      'The body must be an object with a list of records: { "records": [ { "value": { … } } ] }.',
    )
  const stranger = Object.keys(body as object).find((name) => name !== 'records')
  if (stranger !== undefined) {
    throw new HttpError(
      400,
      'unknown-field',
      `The body has ${JSON.stringify(stranger.slice(0, 100))} besides its records; remove it.`,
    )
  }
  if (records.length === 0) throw new HttpError(400, 'no-records', 'The list of records is empty.')
  if (records.length > LIMITS.batchRecords) {
    throw new HttpError(
      413,
      'too-many-records',
      `The body has ${records.length} records; at most ${LIMITS.batchRecords} are allowed.`,
    )
  }
  return records
}

/** The index after a byte order mark (EF BB BF), which some editors and exports write before the text. */
export function afterBom(bytes: Buffer, start: number, end: number): number {
  const isThere =
    end - start >= 3 && bytes[start] === 0xef && bytes[start + 1] === 0xbb && bytes[start + 2] === 0xbf
  return isThere ? start + 3 : start
}

/**
 * The parser's message. It may quote a little of the client's text, so invisible characters are shown as
 * escapes.
 */
export function complaint(error: unknown): string {
  const escape = (character: string): string =>
    `\\u${character.codePointAt(0)!.toString(16).padStart(4, '0')}`
  return `${(error as Error).message.slice(0, 200).replace(/\p{C}/gu, escape)}.`
}
