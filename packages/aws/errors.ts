/** Errors with AWS's names and texts, because programs compare these. */
import { userArn } from './arn.ts'

/** An unsuccessful answer. SDKs throw it by its code. */
export class AwsError extends Error {
  override readonly name = 'AwsError'
  /** The __type: ResourceNotFoundException. */
  readonly code: string
  /** HTTP. */
  readonly status: number
  /** The members of the error's shape besides its text. CBOR leaves them out. */
  readonly details: Readonly<Record<string, unknown>>

  /** An empty message is left out of the answer. */
  constructor(code: string, message = '', status = 400, details: Readonly<Record<string, unknown>> = {}) {
    super(message)
    this.code = code
    this.status = status
    this.details = details
  }

  /** Whose fault the error is. SDKs retry a request that failed by the server's. */
  get fault(): 'client' | 'server' {
    return this.status < 500 ? 'client' : 'server'
  }
}

/** AWS writes `Message` in the body of these errors, and `message` in that of all others. */
const CAPITAL = new Set(['SerializationException', 'AccessDeniedException'])

/** Returns the members of the answer's body in the JSON protocols. */
export function errorBody({ code, message }: AwsError): Readonly<Record<string, string>> {
  if (message === '') return { __type: code }
  return CAPITAL.has(code) ? { __type: code, Message: message } : { __type: code, message }
}

/** The error for a body that cannot be parsed, and for a value of the wrong type. */
export function serializationError(message?: string): AwsError {
  return new AwsError('SerializationException', message)
}

/** @param problems sentences of the form "Value 'x' at 'y' failed to satisfy constraint: z" */
export function validationError(problems: readonly string[], code = 'ValidationException'): AwsError {
  return new AwsError(
    code,
    `${problems.length} validation ${problems.length === 1 ? 'error' : 'errors'} detected: ${problems.join('; ')}`,
  )
}

/** @param action kinesis:PutRecord; @param resource an ARN, or * for an action without a resource */
export function accessDenied(accountId: string, user: string, action: string, resource: string): AwsError {
  return new AwsError(
    'AccessDeniedException',
    `User: ${userArn(accountId, user)} is not authorized to perform: ${action} on resource: ${resource} ` +
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

/** The error while memory is short. SDKs retry the request. */
export function overloaded(): AwsError {
  return new AwsError(
    'ServiceUnavailable',
    'Too many requests are in progress here; send the request again.',
    503,
  )
}

/** The error for a web page from elsewhere that uses the access of this machine's own programs. */
export function notLocal(): AwsError {
  return new AwsError(
    'AccessDeniedException',
    'Unsigned requests and those signed with the access key test are served only to programs and pages on this machine, at ' +
      'localhost and 127.0.0.1; sign with an access key of AWS_ACCESS_KEYS_FILE.',
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

/** The error for an unknown access key, and for a session token that does not belong to the key. */
export function unrecognizedClient(): AwsError {
  return new AwsError('UnrecognizedClientException', 'The security token included in the request is invalid.')
}

export function expiredToken(): AwsError {
  return new AwsError('ExpiredTokenException', 'The security token included in the request is expired')
}
