/** Secrets at rest are hashes; comparing them takes the same time, wherever the first difference is. */
import { hash, timingSafeEqual } from 'node:crypto'

/**
 * SHA-256 of the text. Right for keys drawn at random (128 bits and more); passwords that people choose need
 * a slow hash.
 */
export function sha256(text: string): Buffer {
  return hash('sha256', text, 'buffer')
}

const MASK = '********'

/**
 * user:password@ after the slashes of a URL. The password may contain slashes and @, but a number that can be
 * a port is not taken for a password. The bounds on lengths keep the search linear.
 */
const USER_INFO =
  /(\/\/[^\s/?#@:"\\]{0,128}:)(?!\d{1,5}(?:[/?#,\s"]|$))[^\s"\\]{1,512}?@(?=[^\s@/?#"\\]{1,255}(?:[/?#\s"\\]|$))/g
/** The same without a scheme, which clients of Redis accept. */
const BARE_USER_INFO = /((?<![^\s"'(,])[^\s/?#@:"'\\,]{0,128}:)[^\s/@"\\]{1,512}@(?=[\w[])/g
/** A user without a password. A long one, or one with an empty password, is a token. */
const TOKEN_USER =
  /(\/\/)(?:[^\s/?#@:"\\]{16,512}:?|[^\s/?#@:"\\]{1,512}:)@(?=[^\s@/?#"\\]{1,255}(?:[/?#,\s"\\]|$))/g
const PARAMETER = /[?&;#]([^\s=&;?#"\\]{1,128})=/g
const SECRET_NAME =
  /pass|pwd|^pw$|secret|token|auth(?!or)|cred|signature|^sig$|jwt|bearer|session|key(?!s$|space|prefix|file|path|name|id$)/i
/** A parameter's value. A secret may contain characters that would otherwise begin another parameter. */
const VALUE = /[^\s&?;#"\\]*/y
const SECRET_VALUE = /[^\s&"\\]*/y

/**
 * Masks the secrets of URLs in a text that is shown: passwords before the host, tokens in their place, and
 * query parameters named like secrets.
 */
export function withoutPasswords(text: string): string {
  if (!text.includes('@') && !text.includes('=')) return text
  return withoutSecretParameters(
    text
      .replace(TOKEN_USER, `$1${MASK}@`)
      .replace(USER_INFO, `$1${MASK}@`)
      .replace(BARE_USER_INFO, `$1${MASK}@`),
  )
}

function withoutSecretParameters(text: string): string {
  let shown = ''
  let from = 0
  for (const {
    0: { length },
    1: name,
    index,
  } of text.matchAll(PARAMETER)) {
    const start = index + length
    if (start < from) continue // inside a value that is masked
    const isSecret = SECRET_NAME.test(decoded(name))
    const end = endOf(isSecret ? SECRET_VALUE : VALUE, text, start)
    if (!isSecret && !holdsSecret(text.slice(start, end))) continue
    shown += text.slice(from, start) + MASK
    from = end
  }
  return shown + text.slice(from)
}

function endOf(value: RegExp, text: string, start: number): number {
  value.lastIndex = start
  return start + value.exec(text)![0].length
}

/** Whether the value is an encoded URL with a password of its own. */
function holdsSecret(value: string): boolean {
  const text = value.includes('%') ? decoded(value) : value
  return text !== value && withoutPasswords(text) !== text
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** Whether two hashes are equal, in constant time for hashes of the same length. */
export function sameHash(a: Buffer, b: Buffer): boolean {
  return a.length === b.length && timingSafeEqual(a, b)
}
