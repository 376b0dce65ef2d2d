/**
 * Lists in pages: a marker names the last item of the previous page, so that items added or removed in
 * between do no harm.
 */
import { invalidParameter } from './names.ts'

export interface Paging {
  readonly Marker?: string
  readonly MaxItems?: number
}

export interface Page<T> {
  readonly items: readonly T[]
  readonly NextMarker: string | undefined
}

/** @param all sorted by name; @param most the most items of a page, even if more are requested */
export function pageOf<T>(
  all: readonly T[],
  nameOf: (item: T) => string,
  { Marker, MaxItems }: Paging,
  most: number,
): Page<T> {
  const after = Marker === undefined ? undefined : nameIn(Marker)
  const rest = after === undefined ? all : all.filter((item) => nameOf(item) > after)
  const items = rest.slice(0, Math.min(MaxItems ?? most, most))
  return {
    items,
    NextMarker:
      items.length < rest.length
        ? Buffer.from(JSON.stringify(nameOf(items.at(-1)!))).toString('base64url')
        : undefined,
  }
}

function nameIn(marker: string): string {
  try {
    const name: unknown = JSON.parse(Buffer.from(marker, 'base64url').toString())
    if (typeof name === 'string') return name
  } catch {
    // Reported below.
  }
  throw invalidParameter('The Marker is none that this service gave; begin without one.')
}
