/** Finds out who sent a request: first from its head, then from its signature over the body. */
import { isLocalRequest } from '@weir/service'
import type { FastifyRequest } from 'fastify'
import { type AwsClient, NOBODY } from './access-key-file.ts'
import type { AwsAccess } from './access-keys.ts'
import { AwsError, notLocal, unrecognizedClient } from './errors.ts'
import type { SignedRequest } from './sigv4/canonical.ts'
import { isSigned } from './sigv4/claim.ts'
import { type Claimed, signatureVerifier } from './sigv4/verify.ts'

/**
 * The sender, as far as the head of a request shows: an unsigned one who may send requests, one whose
 * signature is still to be checked, or what is wrong with the head.
 */
export type Head =
  | { readonly client: AwsClient; readonly claimed?: Claimed<AwsClient> }
  | { readonly client: undefined; readonly error: AwsError; readonly isSigned: boolean }

export interface Sender {
  readonly client: AwsClient
  readonly isSigned: boolean
}

export interface Senders {
  /** @param services the request must be signed for one of them */
  head(request: FastifyRequest, services: readonly string[]): Head
  /**
   * Checks the signature. Throws AwsErrors for requests that are not signed as they should be.
   * @param mayBeUnsigned whether the operation needs no signature
   */
  sender(head: Head, body: Buffer, service: string, mayBeUnsigned: boolean): Sender
}

export function openSenders(access: AwsAccess): Senders {
  const { claim, verify } = signatureVerifier((accessKeyId) => access.client(accessKeyId))
  const headOf = (signed: SignedRequest, services: readonly string[]): Head & { client: AwsClient } => {
    if (access.anonymous !== undefined && !isSigned(signed)) return { client: access.anonymous }
    const claimed = claim(signed, services)
    return { client: claimed.credential, claimed }
  }
  return {
    head(request, services) {
      const signed = { method: request.method, url: request.url, rawHeaders: request.raw.rawHeaders }
      const refused = (error: AwsError): Head => ({ client: undefined, error, isSigned: isSigned(signed) })
      try {
        const head = headOf(signed, services)
        return head.client.localOnly && !isLocalRequest(request) ? refused(notLocal()) : head
      } catch (error) {
        if (error instanceof AwsError) return refused(error)
        throw error
      }
    },
    sender(head, body, service, mayBeUnsigned) {
      if (head.client === undefined) {
        if (!mayBeUnsigned || head.isSigned) throw head.error
        return { client: NOBODY, isSigned: false }
      }
      if (head.claimed === undefined) return { client: head.client, isSigned: false }
      verify(head.claimed, body, service)
      // The key's rights may have changed while the body arrived.
      const client = access.client(head.client.name)
      if (client === undefined || client.secret !== head.client.secret) throw unrecognizedClient()
      return { client, isSigned: true }
    },
  }
}
