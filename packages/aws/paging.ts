/**
 * Lists in pages. A page begins after the last item of the page before it, so that items which are added or
 * removed in between do no harm. Tokens name that item. They are readable, and a made-up one gives its sender
 * no access beyond that of its access key.
 */

export interface Page<T> {
  readonly items: readonly T[]
  /** The key of the last item; undefined if there are no more items. */
  readonly last: string | undefined
}

export interface Token {
  readonly fields: readonly string[]
  /** When the token was issued, ms since 1970. */
  readonly issuedAt: number
}

const MAX_TOKEN_CHARACTERS = 4096

/**
 * @param all sorted by their keys
 * @param after the key of the last item of the page before; undefined for the first page
 */
export function pageOf<T>(
  all: readonly T[],
  keyOf: (item: T) => string,
  after: string | undefined,
  maxItems: number,
): Page<T> {
  const rest = after === undefined ? all : all.filter((item) => keyOf(item) > after)
  const items = rest.slice(0, maxItems)
  return { items, last: items.length < rest.length && items.length > 0 ? keyOf(items.at(-1)!) : undefined }
}

/**
 * Formats the token of a page.
 * @param list distinguishes the tokens of a list from those of others
 * @param fields the request's parameters and the key of the page's last item
 */
export function formatToken(list: string, ...fields: readonly string[]): string {
  return Buffer.from(JSON.stringify([Date.now(), list, ...fields])).toString('base64url')
}

/** Returns the token's `count` fields; undefined for a text that is not a token of the list. */
export function parseToken(text: string, list: string, count: number): Token | undefined {
  if (text.length > MAX_TOKEN_CHARACTERS) return undefined
  let parts: unknown
  try {
    parts = JSON.parse(Buffer.from(text, 'base64url').toString())
  } catch {
    return undefined
  }
  if (!Array.isArray(parts)) return undefined
  const [issuedAt, of, ...fields] = parts as readonly unknown[]
  return of === list &&
    typeof issuedAt === 'number' &&
    fields.length === count &&
    fields.every((field) => typeof field === 'string')
    ? { fields, issuedAt }
    : undefined
}
