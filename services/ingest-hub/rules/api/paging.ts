/** Pages of lists, whose tokens name their last items. */
import { formatToken, pageOf, parseToken } from '@weir/aws'
import { invalidRequest } from './errors.ts'

/** @param all sorted by their keys */
export function nextPage<T>(
  list: string,
  all: readonly T[],
  keyOf: (item: T) => string,
  token: string | undefined,
  maxItems: number,
): { readonly items: readonly T[]; readonly nextToken: string | undefined } {
  const after = token === undefined ? undefined : parseToken(token, list, 1)?.fields[0]
  if (token !== undefined && after === undefined)
    throw invalidRequest('The nextToken is not one of this list.')
  const { items, last } = pageOf(all, keyOf, after, maxItems)
  return { items, nextToken: last === undefined ? undefined : formatToken(list, last) }
}
