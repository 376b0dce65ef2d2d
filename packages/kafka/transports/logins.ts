/** Logins, shared by both drivers. */
import { generateAuthToken } from 'aws-msk-iam-sasl-signer-js'
import type { KafkaConfig } from '../config.ts'
import { KafkaError } from '../errors.ts'

/** A token that expires within this time is not handed out any more (ms). MSK's tokens last 15 minutes. */
const SPARE = 60_000

interface Token {
  readonly token: string
  /** Milliseconds since the epoch. */
  readonly expiryTime: number
}

const tokens = new Map<string, () => Promise<string>>()

/**
 * Returns a token for MSK in that region, signed with this process's role and shared by all its connections.
 */
export function mskToken(region: string): Promise<string> {
  let shared = tokens.get(region)
  if (shared === undefined) tokens.set(region, (shared = sharedToken(() => signed(region))))
  return shared()
}

async function signed(region: string): Promise<Token> {
  try {
    return await generateAuthToken({ region })
  } catch (error) {
    throw new KafkaError(
      'authentication',
      `A token for MSK cannot be signed: ${(error as Error).message}`,
      error,
    )
  }
}

/** The client's message in SASL/OAUTHBEARER, the only one if all goes well (RFC 7628, 3.1). */
export function bearerMessage(token: string): Buffer {
  return Buffer.from(`n,,\x01auth=Bearer ${token}\x01\x01`)
}

/**
 * Throws if the broker's answer to a token is not empty: it then holds the reason for a refusal, although
 * Kafka returns no error code with it (RFC 7628, 3.2.2).
 */
export function refuseAnswer(answer: Buffer): void {
  if (answer.length > 0)
    throw new KafkaError(
      'authentication',
      `The broker refused the token (${answer.toString('utf8', 0, 200)})`,
    )
}

/**
 * Returns a source of tokens for SASL/OAUTHBEARER, which hands out one token until it nears its end: if a
 * role comes from a web identity, each signature may cost a call to STS. Rejects as `sign` does, and calls it
 * again the next time.
 */
export function sharedToken(sign: () => Promise<Token>, now: () => number = Date.now): () => Promise<string> {
  let signing: Promise<Token> | undefined
  let until = 0
  return async () => {
    if (signing === undefined || now() > until - SPARE) {
      const mine = (signing = sign())
      until = Infinity
      mine.then(
        ({ expiryTime }) => {
          until = expiryTime
        },
        () => {
          signing = undefined
        },
      )
    }
    return (await signing).token
  }
}

const accepted = new WeakSet<KafkaConfig>()

/**
 * Remembers that a broker accepted this configuration's login: with TLS 1.3 the first answer shows that, not
 * the handshake.
 */
export function loginWorked(config: KafkaConfig): void {
  accepted.add(config)
}

/**
 * Returns the error for a login that is refused after one has worked: a password or certificate is being
 * rotated, and reaches the brokers and this process at different times. Returns undefined for other errors,
 * and before any login has worked: then the refusal is a mistake in the configuration.
 */
export function lostLogin(config: KafkaConfig, error: KafkaError): KafkaError | undefined {
  const refused = error.code === 'authentication' || error.code === 'tls'
  return refused && accepted.has(config)
    ? new KafkaError('login-lost', 'A broker refused a login that worked before', error)
    : undefined
}
