/** Requests that tests sign and change. */
import type { Credential } from '../verify.ts'

/** The key and the time of AWS's signature test suite. */
export const SUITE_KEY = {
  accessKeyId: 'AKIDEXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
}
export const SUITE_TIME = Date.parse('2015-08-30T12:36:00Z')

export const known =
  (credential: Partial<Credential> = {}) =>
  (accessKeyId: string): Credential | undefined =>
    accessKeyId === SUITE_KEY.accessKeyId
      ? { secret: SUITE_KEY.secretAccessKey, acceptsToken: () => true, ...credential }
      : undefined

export interface Request {
  readonly method: string
  readonly url: string
  readonly headers: readonly (readonly [string, string])[]
  readonly body: string
}

export const raw = ({
  method,
  url,
  headers,
}: Request): { method: string; url: string; rawHeaders: string[] } => ({
  method,
  url,
  rawHeaders: headers.flat(),
})
