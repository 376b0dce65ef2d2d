/** Maps errors of the client library to errors of the port. */
import { KafkaError } from '../../errors.ts'

/** Codes with which Node's TLS refuses a peer. */
const TLS_CODES = /CERT|SIGNATURE|TLS|SSL|EPROTO|UNABLE_TO_|SELF_SIGNED|HOSTNAME/

export function connectionError(error: unknown, address: string): KafkaError {
  if (error instanceof KafkaError) return error
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof KafkaError) return cause
    const code = String((cause as { code?: unknown }).code ?? '')
    if (code === 'PLT_KFK_AUTHENTICATION')
      return new KafkaError('authentication', `The broker at ${address} refused the login`, error)
    if (code === 'PLT_KFK_TIMEOUT')
      return new KafkaError('timeout', `The broker at ${address} does not answer`, error)
    const ofTls = /TLS/.test(cause.message) || (!code.startsWith('PLT_') && TLS_CODES.test(code))
    if (ofTls) return new KafkaError('tls', `No TLS connection with ${address}`, error)
    if (code === 'PLT_KFK_USER')
      return new KafkaError(
        'internal',
        `The connection to ${address} was refused by the client: ${cause.message}`,
        error,
      )
    if (cause instanceof RangeError)
      return new KafkaError('internal', `The broker at ${address} sent an answer that cannot be read`, error)
  }
  return new KafkaError('no-broker', `No connection with ${address}`, error)
}

/** Returns any thrown value as a KafkaError. */
export function asKafkaError(error: unknown, what: string): KafkaError {
  return error instanceof KafkaError ? error : new KafkaError('internal', what, error)
}
