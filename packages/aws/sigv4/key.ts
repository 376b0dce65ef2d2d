/** Signing keys and signatures of AWS Signature Version 4, for signers and for verifiers. */
import { createHmac } from 'node:crypto'

export const ALGORITHM = 'AWS4-HMAC-SHA256'
/** The end of every scope. */
export const TERMINATOR = 'aws4_request'

/** @param day 20150830 */
export function signingKeyOf(secret: string, day: string, region: string, service: string): Buffer {
  return hmac(hmac(hmac(hmac(`AWS4${secret}`, day), region), service), TERMINATOR)
}

/**
 * @param time 20150830T123600Z
 * @param scope day, region, service and terminator, separated by slashes
 * @param canonical the hash of the canonical request, in hex
 */
export function signatureOf(key: Buffer, time: string, scope: string, canonical: string): Buffer {
  return hmac(key, `${ALGORITHM}\n${time}\n${scope}\n${canonical}`)
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}
