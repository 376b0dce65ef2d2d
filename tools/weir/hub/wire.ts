/**
 * The body of POST /v1/topics/{topic}/records and its responses, as ingest-hub's OpenAPI document describes
 * them.
 */

export interface RecordError {
  /** The record's index in the request, from 0. */
  readonly index: number
  readonly code: string
  /** The path in the value: position.lat. */
  readonly field: string | undefined
  readonly message: string
  /** Whether the same record can be stored later without anybody's intervention. */
  readonly retriable: boolean
}

/**
 * Encodes one record of a request. `value` is JSON text, so that a value is serialised once, whatever the
 * number of attempts.
 */
export const encodeRecord = (id: string, value: string): string =>
  `{"id":${JSON.stringify(id)},"value":${value}}`

export const encodeBatch = (records: readonly string[]): string => `{"records":[${records.join(',')}]}`

/** Returns an error's message, prefixed with the field unless it already starts with it. */
export const withField = (field: string | undefined, message: string): string =>
  field === undefined || message.startsWith(field) ? message : `${field}: ${message}`

/** Reads the verdict on `count` records from a 200, 207, 400, 413 or 422. */
export function readVerdict(
  status: number,
  body: string,
  count: number,
): { stored: number; errors: RecordError[] } {
  if (status === 200) return { stored: count, errors: [] }
  const reply = parse(body)
  if (status !== 207) {
    const { code, message } = readProblem(body) ?? {
      code: String(status),
      message: `The hub answered ${status}.`,
    }
    return { stored: 0, errors: errorForAll(count, code, message, false) }
  }
  const listed: unknown[] = Array.isArray(reply.errors) ? reply.errors : []
  const errors = listed.flatMap((item) => {
    const error = readError(item)
    if (error.index < 0 || error.index >= count) return []
    // The last entry may apply to all records from its index on.
    const covered = (item as { toEnd?: unknown }).toEnd === true ? count - error.index : 1
    return Array.from({ length: covered }, (_, i) => ({ ...error, index: error.index + i }))
  })
  if (errors.length === 0)
    return {
      stored: 0,
      errors: errorForAll(
        count,
        'unreadable',
        'the hub answered 207 without saying which records failed',
        true,
      ),
    }
  return { stored: count - errors.length, errors }
}

const errorForAll = (count: number, code: string, message: string, retriable: boolean): RecordError[] =>
  Array.from({ length: count }, (_, index) => ({ index, code, field: undefined, message, retriable }))

function readError(item: unknown): RecordError {
  const { index, code, field, message, retriable } = (item ?? {}) as Record<string, unknown>
  return {
    index: Number.isInteger(index) ? (index as number) : -1,
    code: typeof code === 'string' ? code : 'unknown',
    field: typeof field === 'string' ? field.replace(/^value\./, '') : undefined,
    message: typeof message === 'string' ? message : '',
    retriable: retriable === true,
  }
}

/** Reads the error from a response that is not a verdict. */
export function readProblem(body: string): { code: string; message: string } | undefined {
  const { code, message } = (parse(body).error ?? {}) as Record<string, unknown>
  return typeof message === 'string' ? { code: String(code), message } : undefined
}

function parse(body: string): Record<string, unknown> {
  try {
    return JSON.parse(body) ?? {}
  } catch {
    return {}
  }
}
