/** Pages of 100 items (SNS API reference, ListTopics). */
import { formatToken, pageOf, parseToken } from '@weir/aws'
import { invalidParameter } from './errors.ts'

const PAGE_ITEMS = 100

/**
 * Returns the page after the token, and the token of the next one.
 * @param list distinguishes the tokens of a list from those of others
 * @param all sorted by their keys
 */
export function nextPage<T>(
  list: string,
  all: readonly T[],
  keyOf: (item: T) => string,
  token: string | undefined,
): { readonly items: readonly T[]; readonly NextToken: string | undefined } {
  const after = token === undefined || token === '' ? undefined : parseToken(token, list, 1)?.fields[0]
  if (token !== undefined && token !== '' && after === undefined)
    throw invalidParameter('NextToken Reason: the token is not one of this list')
  const { items, last } = pageOf(all, keyOf, after, PAGE_ITEMS)
  return { items, NextToken: last === undefined ? undefined : formatToken(list, last) }
}
