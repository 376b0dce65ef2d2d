/** Tables of items over HTTP, in plain JSON. */
import { serviceApi } from './service-api.ts'

export interface ItemsApi {
  /** Resolves to the items of a table by the attribute `key`, a string. */
  items(table: string, key: string): Promise<Record<string, unknown>>
}

const TIMEOUT_MS = 10_000
const PAGE_ITEMS = 1000

interface Page {
  readonly items: readonly { readonly item: Readonly<Record<string, unknown>> }[]
  readonly next?: string
}

/** Calls reject with Unreachable if pricing does not answer, and with Refused if it refuses. */
export function openItemsApi(url: string, apiKey: string | undefined): ItemsApi {
  const ask = serviceApi({ service: 'pricing', url, apiKey, timeoutMs: TIMEOUT_MS })
  return {
    async items(table, key) {
      const found: Record<string, unknown> = {}
      let after: string | undefined
      do {
        const query = `limit=${PAGE_ITEMS}${after === undefined ? '' : `&after=${after}`}`
        const answer = await ask('GET', `tables/${encodeURIComponent(table)}/items?${query}`)
        const { items, next } = (await answer.json()) as Page
        for (const { item } of items) found[String(item[key])] = item
        after = next
      } while (after !== undefined)
      return found
    },
  }
}
