/**
 * The tokens by which receivers confirm subscriptions. A token begins with the id of its subscription, so that one
 * from a stranger is checked at the same cost, however many subscriptions there are. It is as long as SNS's.
 */
import { randomBytes, timingSafeEqual } from 'node:crypto'

const RANDOM_BYTES = 128
const HEX = /^[0-9a-f]+$/i
const TOKEN = /^([0-9a-f]{8})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{12})[0-9a-f]{256}$/

/** @param id a UUID */
export function newToken(id: string): string {
  return id.replaceAll('-', '') + randomBytes(RANDOM_BYTES).toString('hex')
}

/** Returns whether the text could be a token of SNS: hexadecimal digits. */
export function isHex(text: string): boolean {
  return HEX.test(text)
}

/** Returns the id of the subscription that the token would confirm; undefined for other texts. */
export function subscriptionIn(token: string): string | undefined {
  const [, ...parts] = TOKEN.exec(token) ?? []
  return parts.length === 0 ? undefined : parts.join('-')
}

/** Compares tokens in a time that does not depend on how much of them is right. */
export function isSameToken(token: string, shown: string): boolean {
  return token.length === shown.length && timingSafeEqual(Buffer.from(token), Buffer.from(shown))
}
