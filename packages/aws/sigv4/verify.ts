/** Checks signatures of requests: AWS Signature Version 4. */
import { hash, timingSafeEqual } from 'node:crypto'
import { expiredToken, invalidSignature, unrecognizedClient } from '../errors.ts'
import { canonicalHash, type SignedRequest } from './canonical.ts'
import { basicTime, type Claim, claimOf, wrongService } from './claim.ts'
import { signatureOf, signingKeyOf } from './key.ts'

/** How far the signer's clock may be ahead or behind; the bound is Kinesis'. */
const SKEW_MINUTES = 5
const MINUTE_MS = 60_000
/** Signing keys that are kept. Each day, region, service and access key has one. */
const MAX_KEYS = 1000
const SIGNATURE = /^[0-9a-f]{64}$/

/** The part of an access key that signatures need. */
export interface Credential {
  readonly secret: string
  /** ms since 1970; undefined if it never expires. */
  readonly expiresAt?: number
  /** Returns whether a request may have this session token; undefined if it has none. */
  acceptsToken(token: string | undefined): boolean
}

export interface Signer<C extends Credential> {
  readonly credential: C
  /** The region for which the request was signed. */
  readonly region: string
}

/** A request that a known access key claims to have signed in time. Its signature is not checked yet. */
export interface Claimed<C extends Credential> {
  readonly request: SignedRequest
  readonly claim: Claim
  readonly credential: C
}

export interface Verifier<C extends Credential> {
  /**
   * Checks the head of the request. Throws AwsErrors with AWS's names and texts.
   * @param services the request must be signed for one of them
   */
  claim(request: SignedRequest, services: readonly string[]): Claimed<C>
  /** Checks the signature, which covers the body. Throws AwsErrors with AWS's names and texts. */
  verify(claimed: Claimed<C>, body: Uint8Array, service: string): Signer<C>
}

/**
 * @param credentialOf returns undefined for an unknown access key
 * @param now ms since 1970, for tests
 */
export function signatureVerifier<C extends Credential>(
  credentialOf: (accessKeyId: string) => C | undefined,
  now: () => number = Date.now,
): Verifier<C> {
  const signingKeys = new Map<string, { readonly secret: string; readonly key: Buffer }>()

  const signingKey = (credential: C, { accessKeyId, day, region, service, scope }: Claim): Buffer => {
    const kept = signingKeys.get(`${accessKeyId}/${scope}`)
    return kept?.secret === credential.secret
      ? kept.key
      : signingKeyOf(credential.secret, day, region, service)
  }
  /** Keeps keys of valid signatures only, so that nobody else can push them out. */
  const keep = ({ accessKeyId, scope }: Claim, secret: string, key: Buffer): void => {
    const name = `${accessKeyId}/${scope}`
    if (signingKeys.get(name)?.key === key) return
    if (signingKeys.size >= MAX_KEYS) signingKeys.delete(signingKeys.keys().next().value!)
    signingKeys.set(name, { secret, key })
  }

  return {
    claim(request, services) {
      const claim = claimOf(request, services)
      checkTime(claim, now())
      const credential = credentialOf(claim.accessKeyId)
      if (credential === undefined || !credential.acceptsToken(claim.sessionToken)) throw unrecognizedClient()
      if (credential.expiresAt !== undefined && credential.expiresAt <= now()) throw expiredToken()
      return { request, claim, credential }
    },
    verify({ request, claim, credential }, body, service) {
      if (claim.service !== service) throw invalidSignature(wrongService([service]))
      const key = signingKey(credential, claim)
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
 * Returns the hash of the body, which the signature covers and a header may repeat. Refuses UNSIGNED-PAYLOAD
 * in its place: AWS has that for S3 only, and anyone who sees a presigned URL could send another body with
 * it.
 */
function payloadHash({ headers, query }: Claim, body: Uint8Array): string {
  const said =
    headers.get('x-amz-content-sha256')?.[0] ??
    query.find(({ name }) => name === 'X-Amz-Content-Sha256')?.value
  const found = hash('sha256', body, 'hex')
  if (said !== undefined && said !== found) throw mismatch()
  return found
}

function checkTime({ time, signedAt, validSeconds }: Claim, now: number): void {
  const skew = SKEW_MINUTES * MINUTE_MS
  if (signedAt > now + skew) {
    throw invalidSignature(
      `Signature not yet current: ${time} is still later than ${basicTime(now + skew)} (${basicTime(now)} + ${SKEW_MINUTES} min.)`,
    )
  }
  if (validSeconds !== undefined) {
    const end = signedAt + validSeconds * 1000
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
