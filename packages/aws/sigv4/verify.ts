/** Whether a request was signed by who it says: AWS Signature Version 4. */
import { hash, timingSafeEqual } from 'node:crypto'
import { expiredToken, invalidSignature, unrecognizedClient } from '../errors.ts'
import { canonicalHash, type SignedRequest } from './canonical.ts'
import { basicTime, type Claim, claimOf } from './claim.ts'
import { signatureOf, signingKeyOf } from './key.ts'

/** How far the signer's clock may be off, either way; Kinesis' own bound. */
const SKEW_MINUTES = 5
const MINUTE_MS = 60_000
/** Signing keys kept: one a day, region, service and access key. */
const MAX_KEYS = 1000
const SIGNATURE = /^[0-9a-f]{64}$/

/** What is known of an access key. */
export interface Credential {
  readonly secret: string
  /** ms; undefined: for ever. */
  readonly expiresAt?: number
  /** Whether requests may come with this session token (undefined: none came). */
  acceptsToken(token: string | undefined): boolean
}

export interface Signer<C extends Credential> {
  readonly credential: C
  /** For which the request was signed. */
  readonly region: string
}

/**
 * A request whose head is right: it is signed by a known access key, in time. Its signature is yet to be
 * checked.
 */
export interface Claimed<C extends Credential> {
  readonly request: SignedRequest
  readonly claim: Claim
  readonly credential: C
}

export interface Verifier<C extends Credential> {
  /** Checks what the head of the request says. Throws AwsErrors with AWS's names and texts. */
  claim(request: SignedRequest, service: string): Claimed<C>
  /** Checks the signature, over the body as well. Throws AwsErrors with AWS's names and texts. */
  verify(claimed: Claimed<C>, body: Uint8Array, service: string): Signer<C>
}

/**
 * @param credentialOf by access key id; undefined: there is none
 * @param now ms, for tests
 */
export function signatureVerifier<C extends Credential>(
  credentialOf: (accessKeyId: string) => C | undefined,
  now: () => number = Date.now,
): Verifier<C> {
  const signingKeys = new Map<string, { readonly secret: string; readonly key: Buffer }>()

  const signingKey = (credential: C, { accessKeyId, day, region, scope }: Claim, service: string): Buffer => {
    const kept = signingKeys.get(`${accessKeyId}/${scope}`)
    return kept?.secret === credential.secret
      ? kept.key
      : signingKeyOf(credential.secret, day, region, service)
  }
  /** Only what was right is kept, so that nobody else can push keys out. */
  const keep = ({ accessKeyId, scope }: Claim, secret: string, key: Buffer): void => {
    const name = `${accessKeyId}/${scope}`
    if (signingKeys.get(name)?.key === key) return
    if (signingKeys.size >= MAX_KEYS) signingKeys.delete(signingKeys.keys().next().value!)
    signingKeys.set(name, { secret, key })
  }

  return {
    claim(request, service) {
      const claim = claimOf(request, service)
      checkTime(claim, now())
      const credential = credentialOf(claim.accessKeyId)
      if (credential === undefined || !credential.acceptsToken(claim.sessionToken)) throw unrecognizedClient()
      if (credential.expiresAt !== undefined && credential.expiresAt <= now()) throw expiredToken()
      return { request, claim, credential }
    },
    verify({ request, claim, credential }, body, service) {
      const key = signingKey(credential, claim, service)
      const { time, scope, query, headers, signedHeaders } = claim
      const canonical = canonicalHash(request, query, headers, signedHeaders, payloadHash(claim, body))
      const expected = signatureOf(key, time, scope, canonical)
      if (!SIGNATURE.test(claim.signature) || !timingSafeEqual(Buffer.from(claim.signature, 'hex'), expected))
        throw mismatch()
      keep(claim, credential.secret, key)
      return { credential, region: claim.region }
    },
  }
}

/**
 * The hash of the body, which the signature covers and which a header may repeat. Refuses UNSIGNED-PAYLOAD in
 * its place: AWS has that for S3 only, and it would let anyone who sees a presigned URL send another body
 * with it.
 */
function payloadHash({ headers, query }: Claim, body: Uint8Array): string {
  const said =
    headers.get('x-amz-content-sha256')?.[0] ??
    query.find(({ name }) => name === 'X-Amz-Content-Sha256')?.value
  const found = hash('sha256', body, 'hex')
  if (said !== undefined && said !== found) throw mismatch()
  return found
}

function checkTime({ time, signedAt, validFor }: Claim, now: number): void {
  const skew = SKEW_MINUTES * MINUTE_MS
  if (signedAt > now + skew) {
    throw invalidSignature(
      `Signature not yet current: ${time} is still later than ${basicTime(now + skew)} (${basicTime(now)} + ${SKEW_MINUTES} min.)`,
    )
  }
  if (validFor !== undefined) {
    const end = signedAt + validFor * 1000
    if (end < now)
      throw invalidSignature(`Signature expired: ${basicTime(end)} is now earlier than ${basicTime(now)}`)
  } else if (signedAt < now - skew) {
    throw invalidSignature(
      `Signature expired: ${time} is now earlier than ${basicTime(now - skew)} (${basicTime(now)} - ${SKEW_MINUTES} min.)`,
    )
  }
}

function mismatch(): Error {
  return invalidSignature(
    'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. ' +
      'Consult the service documentation for details.',
  )
}
