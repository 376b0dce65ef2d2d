/** Requests and options of both drivers, in terms that both engines understand. */
import type { BulkItem, BulkReply, EngineOptions, IndexTemplate } from './engine.ts'

export const BULK_TIMEOUT_MS = 30_000
/** Pages and probes prefer an error to an outdated answer. */
export const SEARCH_TIMEOUT_MS = 10_000
export const HEALTH_TIMEOUT_MS = 3_000

/**
 * `filter_path` selects only the fields that are read: a reply of 2,000 documents shrinks from 400 KB to 50
 * KB. `timeout` bounds the engine's own wait for a missing primary (a minute by default), so that it answers
 * before the client gives up.
 */
export const BULK_QUERY = {
  filter_path:
    'error.type,error.reason,errors,items.*.status,items.*.error.type,items.*.error.reason,items.*.error.caused_by.reason',
  timeout: '10s',
} as const

/** Patterns that match nothing yet, and indices deleted in the meantime, are not errors. */
export const LENIENT = { ignore_unavailable: true, allow_no_indices: true } as const

/** Unwraps each verdict from the name of its operation: { create: { status } } → { status }. */
export function bulkReply(body: { readonly items?: readonly Record<string, BulkItem>[] }): BulkReply {
  return { items: (body.items ?? []).map((item) => item.create ?? item.index ?? NO_VERDICT) }
}

const NO_VERDICT: BulkItem = { status: 0 }

/**
 * Neither client retries, sniffs or compresses: the batcher decides when a request is repeated, byte for byte.
 */
export function clientOptions({ urls, username, password }: EngineOptions) {
  return {
    nodes: [...urls],
    maxRetries: 0,
    requestTimeout: SEARCH_TIMEOUT_MS,
    ...(username === undefined ? {} : { auth: { username, password: password ?? '' } }),
  }
}

/** The body of a composable index template, which both engines have had since 7.8. */
export const templateBody = ({ pattern, settings, mappings }: IndexTemplate) => ({
  index_patterns: [pattern],
  priority: 200,
  template: { settings, mappings },
})
