/** Pages of lists, with the members that Lambda's lists have. */
import { formatToken, pageOf, parseToken } from '@weir/aws'
import { invalidParameter } from './names.ts'

export interface Paging {
  readonly Marker?: string
  readonly MaxItems?: number
}

export interface MarkedPage<T> {
  readonly items: readonly T[]
  readonly NextMarker: string | undefined
}

const LIST = 'lambda'

/** @param all sorted by name; @param most the most items of a page, even if more are requested */
export function markedPage<T>(
  all: readonly T[],
  nameOf: (item: T) => string,
  { Marker, MaxItems }: Paging,
  most: number,
): MarkedPage<T> {
  const after = Marker === undefined ? undefined : nameIn(Marker)
  const { items, last } = pageOf(all, nameOf, after, Math.min(MaxItems ?? most, most))
  return { items, NextMarker: last === undefined ? undefined : formatToken(LIST, last) }
}

function nameIn(marker: string): string {
  const token = parseToken(marker, LIST, 1)
  if (token === undefined)
    throw invalidParameter('The Marker did not come from this service; start without one.')
  return token.fields[0]
}
