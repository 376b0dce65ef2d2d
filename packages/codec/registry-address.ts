/**
 * A registry's URL may carry a user and a password (https://user:password@host/…), which must not be in the
 * address of a request.
 */
import type { ConfigReader } from '@weir/config'

/** Reads the registry's URL, without slashes at its end. */
export const registryUrl = (reader: ConfigReader): string =>
  reader.httpUrl(
    'REGISTRY_URL',
    'The schema registry, Confluent API; with a user as https://user:password@host/….',
    'http://localhost:8181/apis/ccompat/v7',
  )

export interface RegistryAddress {
  /** Without user and password: fit for messages. */
  readonly url: string
  readonly auth: { readonly username: string; readonly password: string } | undefined
  /** HTTP basic authentication (RFC 7617); none if there is no user. */
  readonly headers: Readonly<Record<string, string>>
}

export function registryAddress(text: string): RegistryAddress {
  const parsed = URL.parse(text)
  if (parsed === null || parsed.username === '') return { url: text, auth: undefined, headers: {} }
  const auth = { username: decoded(parsed.username), password: decoded(parsed.password) }
  parsed.username = parsed.password = ''
  return {
    url: parsed.href.replace(/\/$/, ''),
    auth,
    headers: {
      authorization: `Basic ${Buffer.from(`${auth.username}:${auth.password}`).toString('base64')}`,
    },
  }
}

/** Text with a stray % stays as it is. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
