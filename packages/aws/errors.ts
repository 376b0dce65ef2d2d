/** Errors as AWS's clients know them. Names and texts are AWS's: programs look at them. */

/** An answer that is no success. The code is what SDKs throw by name. */
export class AwsError extends Error {
  override readonly name = 'AwsError'
  /** The __type: ResourceNotFoundException. */
  readonly code: string
  /** HTTP. */
  readonly status: number
  /** What the error's shape has beside its text; protocols with targets leave it out. */
  readonly details: Readonly<Record<string, string>>

  /** Without a message the answer has none. */
  constructor(code: string, message = '', status = 400, details: Readonly<Record<string, string>> = {}) {
    super(message)
    this.code = code
    this.status = status
    this.details = details
  }

  /** Whose it is. SDKs send again what was the server's. */
  get fault(): 'client' | 'server' {
    return this.status < 500 ? 'client' : 'server'
  }
}

/** AWS's framework writes Message for these, and message for all others. */
const CAPITAL = new Set(['SerializationException', 'AccessDeniedException'])

/** The body of the answer. */
export function errorBody({ code, message }: AwsError): Readonly<Record<string, string>> {
  if (message === '') return { __type: code }
  return CAPITAL.has(code) ? { __type: code, Message: message } : { __type: code, message }
}

/** The body is no JSON or CBOR, or a value in it has the wrong type. */
export function serializationError(message?: string): AwsError {
  return new AwsError('SerializationException', message)
}

/** @param problems sentences of the form "Value 'x' at 'y' failed to satisfy constraint: z" */
export function validationError(problems: readonly string[]): AwsError {
  return new AwsError(
    'ValidationException',
    `${problems.length} validation ${problems.length === 1 ? 'error' : 'errors'} detected: ${problems.join('; ')}`,
  )
}

/** @param action kinesis:PutRecord; @param resource an ARN, or * where the action has none */
export function accessDenied(accountId: string, user: string, action: string, resource: string): AwsError {
  return new AwsError(
    'AccessDeniedException',
    `User: arn:aws:iam::${accountId}:user/${user} is not authorized to perform: ${action} on resource: ${resource} ` +
      `because no identity-based policy allows the ${action} action`,
  )
}

export function unknownOperation(): AwsError {
  return new AwsError('UnknownOperationException')
}

export function internalFailure(): AwsError {
  return new AwsError('InternalFailure', '', 500)
}

export function tooLarge(): AwsError {
  return new AwsError('RequestEntityTooLargeException', 'Request Entity Too Large', 413)
}

/** SDKs send the request again. */
export function overloaded(): AwsError {
  return new AwsError('ServiceUnavailable', 'Too much is under way here; send the request again.', 503)
}

/**
 * A page from elsewhere, in the browser of somebody on this machine, has sent what only this machine's own
 * programs may.
 */
export function notLocal(): AwsError {
  return new AwsError(
    'AccessDeniedException',
    'Unsigned requests and those of the access key test are served to programs and pages of this machine only, by the ' +
      'names localhost and 127.0.0.1; sign with an access key of AWS_ACCESS_KEYS_FILE.',
  )
}

export function missingAuthentication(): AwsError {
  return new AwsError('MissingAuthenticationTokenException', 'Missing Authentication Token')
}

export function incompleteSignature(message: string): AwsError {
  return new AwsError('IncompleteSignatureException', message)
}

export function invalidSignature(message: string): AwsError {
  return new AwsError('InvalidSignatureException', message)
}

/** The access key is unknown, or a session token came that does not belong to it. */
export function unrecognizedClient(): AwsError {
  return new AwsError('UnrecognizedClientException', 'The security token included in the request is invalid.')
}

export function expiredToken(): AwsError {
  return new AwsError('ExpiredTokenException', 'The security token included in the request is expired')
}
