/**
 * Everything that can go wrong between values and bytes: a closed list. `retriable` says whether the same
 * call can succeed later without anyone intervening.
 */
const CODES = {
  'invalid-value': { retriable: false },
  undecodable: { retriable: false },
  'unknown-schema': { retriable: false },
  'schema-needed': { retriable: true },
  'registry-unavailable': { retriable: true },
  'not-registered': { retriable: true },
} as const

export type CodecErrorCode = keyof typeof CODES

export class CodecError extends Error {
  override readonly name: string = 'CodecError'
  readonly code: CodecErrorCode
  readonly retriable: boolean

  constructor(code: CodecErrorCode, sentence: string, cause?: unknown) {
    super(sentence, cause === undefined ? undefined : { cause })
    this.code = code
    this.retriable = CODES[code].retriable
  }
}

/** A value that its contract does not allow. */
export class InvalidValue extends CodecError {
  override readonly name = 'InvalidValue'
  /**
   * The path of the part that is wrong: `position.lat`, `tags[3]`, `labels.colour`; empty for the value
   * itself.
   */
  readonly field: string

  /** @param complaint `expected float, got "fast"`, without the path */
  constructor(field: string, complaint: string) {
    super('invalid-value', field === '' ? complaint : `${field}: ${complaint}`)
    this.field = field
  }
}

/**
 * Bytes that are not a record of the topic and never will be: `undecodable`, or `unknown-schema` if the
 * registry has never issued their schema's id.
 */
export class Undecodable extends CodecError {
  override readonly name = 'Undecodable'

  constructor(sentence: string, code: 'undecodable' | 'unknown-schema' = 'undecodable') {
    super(code, sentence)
  }
}

/**
 * The schema of these bytes has not been fetched yet: call `resolve(id)` or `prepare(batch)`, then decode
 * again.
 */
export class SchemaNeeded extends CodecError {
  override readonly name = 'SchemaNeeded'
  readonly id: number

  constructor(id: number) {
    super('schema-needed', `Schema ${id} has not been fetched; call resolve(${id}) first.`)
    this.id = id
  }
}

/** The registry did not answer, or its answer is not a verdict; nothing may be concluded about the data. */
export class RegistryUnavailable extends CodecError {
  override readonly name = 'RegistryUnavailable'

  constructor(url: string, reason: string, cause?: unknown) {
    super(
      'registry-unavailable',
      `The schema registry at ${url} does not answer (${reason}); check that it runs and that REGISTRY_URL is right.`,
      cause,
    )
  }
}
