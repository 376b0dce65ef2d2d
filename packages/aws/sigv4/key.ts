/** Keys and signatures of AWS Signature Version 4, the same for those who sign and those who check. */
import { createHmac } from 'node:crypto'

export const ALGORITHM = 'AWS4-HMAC-SHA256'
/** What scopes end with. */
export const TERMINATOR = 'aws4_request'

/** @param day 20150830 */
export function signingKeyOf(secret: string, day: string, region: string, service: string): Buffer {
  return hmac(hmac(hmac(hmac(`AWS4${secret}`, day), region), service), TERMINATOR)
}

/**
 * @param time 20150830T123600Z
 * @param scope day, region, service and terminator, with slashes between
 * @param canonical the hash of the canonical request
 */
export function signatureOf(key: Buffer, time: string, scope: string, canonical: string): Buffer {
  return hmac(key, `${ALGORITHM}\n${time}\n${scope}\n${canonical}`)
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}
