/** What both drivers ask for, in the words that both engines understand. */
import type { BulkItem, BulkReply, EngineOptions, IndexTemplate } from './engine.ts'

export const BULK_TIMEOUT_MS = 30_000
/** Pages and probes would rather have an error than an old answer. */
export const SEARCH_TIMEOUT_MS = 10_000
export const HEALTH_TIMEOUT_MS = 3_000

/**
 * Of each verdict only what is looked at: a reply of 2,000 documents shrinks from 400 KB to 50 KB. `timeout`
 * bounds the engine's own wait for a missing primary (a minute by default), so that it answers before the
 * client gives up.
 */
export const BULK_QUERY = {
  filter_path:
    'error.type,error.reason,errors,items.*.status,items.*.error.type,items.*.error.reason,items.*.error.caused_by.reason',
  timeout: '10s',
} as const

/** Patterns that match nothing yet, and indices deleted meanwhile, are no error. */
export const LENIENT = { ignore_unavailable: true, allow_no_indices: true } as const

/** Takes the verdicts out of their operation's name: { create: { status } } → { status }. */
export function bulkReply(body: { readonly items?: readonly Record<string, BulkItem>[] }): BulkReply {
  return { items: (body.items ?? []).map((item) => item.create ?? NO_VERDICT) }
}

const NO_VERDICT: BulkItem = { status: 0 }

/**
 * Neither client retries, sniffs or compresses: the bulker decides when a request is repeated, and then byte
 * for byte.
 */
export function clientOptions({ urls, username, password }: EngineOptions) {
  return {
    nodes: [...urls],
    maxRetries: 0,
    requestTimeout: SEARCH_TIMEOUT_MS,
    ...(username === undefined ? {} : { auth: { username, password: password ?? '' } }),
  }
}

/** An index template (composable, as both engines have it since 7.8). */
export const templateBody = ({ pattern, settings, mappings }: IndexTemplate) => ({
  index_patterns: [pattern],
  priority: 200,
  template: { settings, mappings },
})
