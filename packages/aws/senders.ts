/** Finds out who sent a request: first from its head, then from its signature over the body. */
import { isLocalRequest } from '@weir/service'
import type { FastifyRequest } from 'fastify'
import type { AwsClient } from './access-key-file.ts'
import type { AwsAccess } from './access-keys.ts'
import { AwsError, notLocal, unrecognizedClient } from './errors.ts'
import { isSigned } from './sigv4/claim.ts'
import { type Claimed, signatureVerifier } from './sigv4/verify.ts'

/**
 * The sender, as far as the head of a request shows: an unsigned one who may send requests, one whose
 * signature is still to be checked, or what is wrong with the head.
 */
export type Head =
  | { readonly client: AwsClient; readonly claimed?: Claimed<AwsClient> }
  | { readonly client: undefined; readonly error: AwsError }

export interface Sender {
  readonly client: AwsClient
  readonly signedRegion: string
}

export interface Senders {
  /** @param services the request must be signed for one of them */
  head(request: FastifyRequest, services: readonly string[]): Head
  /** Checks the signature. Throws AwsErrors for requests that are not signed as they should be. */
  sender(head: Head, body: Buffer, service: string): Sender
}

/** @param region of requests without a signature */
export function openSenders(access: AwsAccess, region: string): Senders {
  const { claim, verify } = signatureVerifier((accessKeyId) => access.client(accessKeyId))
  const headOf = (request: FastifyRequest, services: readonly string[]): Head & { client: AwsClient } => {
    const signed = { method: request.method, url: request.url, rawHeaders: request.raw.rawHeaders }
    if (access.anonymous !== undefined && !isSigned(signed)) return { client: access.anonymous }
    const claimed = claim(signed, services)
    return { client: claimed.credential, claimed }
  }
  return {
    head(request, services) {
      try {
        const head = headOf(request, services)
        return head.client.localOnly && !isLocalRequest(request)
          ? { client: undefined, error: notLocal() }
          : head
      } catch (error) {
        if (error instanceof AwsError) return { client: undefined, error }
        throw error
      }
    },
    sender(head, body, service) {
      if (head.client === undefined) throw head.error
      if (head.claimed === undefined) return { client: head.client, signedRegion: region }
      const signedRegion = verify(head.claimed, body, service).region
      // The key's rights may have changed while the body arrived.
      const client = access.client(head.client.name)
      if (client === undefined || client.secret !== head.client.secret) throw unrecognizedClient()
      return { client, signedRegion }
    },
  }
}
