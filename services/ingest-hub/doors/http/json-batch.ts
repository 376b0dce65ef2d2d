/** `application/json`: { "records": [ { "id"?, "value" } ] }. Nothing of it is sent before all of it is read and parsed. */
import { isUtf8 } from 'node:buffer'
import { HttpError, shapeOfJson } from '@weir/service'
import { LIMITS } from './limits.ts'
import type { BodySlabs } from './slabs.ts'

/** Where a body's parts are put together; parsing does not yield, so one serves all. Pages are only taken up as far as they are written. */
const whole = Buffer.allocUnsafeSlow(LIMITS.bodyBytes)

/** The records of the body, each still to be checked. Throws 400 or 413 for a body that is none. */
export function parseBatch(body: BodySlabs): readonly unknown[] {
  if (body.length === 0) throw new HttpError(400, 'empty-body', 'The body is empty; send { "records": [ { "value": { … } } ] }.')
  body.copyTo(whole)
  return recordsOf(parseJson(whole, body.length))
}

function parseJson(bytes: Buffer, end: number): unknown {
  if (!isUtf8(bytes.subarray(0, end))) throw new HttpError(400, 'invalid-utf8', 'The body is no valid UTF-8.')
  const { depth, values, names } = shapeOfJson(bytes, 0, end)
  if (depth > LIMITS.depth) throw new HttpError(400, 'too-deep', `The body nests deeper than ${LIMITS.depth} levels.`)
  if (values > LIMITS.bodyValues) throw new HttpError(413, 'too-many-values', `The body has more than ${LIMITS.bodyValues} values; send it in smaller parts.`)
  if (names > LIMITS.names) throw new HttpError(413, 'too-many-names', `The body has more than ${LIMITS.names} different names; contracts have fewer.`)
  try {
    return JSON.parse(bytes.toString('utf8', 0, end))
  } catch (error) {
    throw new HttpError(400, 'not-json', `The body is no JSON: ${complaint(error)}`)
  }
}

function recordsOf(body: unknown): readonly unknown[] {
  const records = (body as { records?: unknown } | null)?.records
  if (!Array.isArray(records)) throw new HttpError(400, 'no-records', 'The body must be an object with a list of records: { "records": [ { "value": { … } } ] }.')
  const stranger = Object.keys(body as object).find((name) => name !== 'records')
  if (stranger !== undefined) {
    throw new HttpError(400, 'unknown-field', `The body has ${JSON.stringify(stranger.slice(0, 100))} beside its records; only records belongs there.`)
  }
  if (records.length === 0) throw new HttpError(400, 'no-records', 'The list of records is empty.')
  if (records.length > LIMITS.batchRecords) {
    throw new HttpError(413, 'too-many-records', `The body has ${records.length} records; at most ${LIMITS.batchRecords} go into one.`)
  }
  return records
}

/** What the parser says, which may quote a little of the client's own text. */
export function complaint(error: unknown): string {
  return `${(error as Error).message.slice(0, 200)}.`
}
