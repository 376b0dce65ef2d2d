/**
 * The port to search engines: the view that sinks and pages have of one. Two drivers implement it and pass
 * one conformance suite.
 */

export interface SearchEngine {
  readonly name: 'elasticsearch' | 'opensearch'
  /** Creates or replaces the template, which indices created from then on follow. */
  putTemplate(template: IndexTemplate): Promise<void>
  /**
   * Sends one bulk request, once. `body` is NDJSON: an action line and a document line for each document,
   * every line ending in a newline. Resolves whatever the verdicts on single documents are; rejects with an
   * EngineError if the request as a whole failed.
   */
  bulk(body: Buffer): Promise<BulkReply>
  /**
   * Runs a search over the indices of the pattern. If there are no such indices yet, the result is empty, not
   * an error. The body is in the engines' common query language.
   */
  search(indexPattern: string, body: Readonly<Record<string, unknown>>): Promise<SearchReply>
  /**
   * Counts the documents that match the query, in all indices of the pattern, as far as they are visible to
   * searches.
   */
  count(indexPattern: string, query?: Readonly<Record<string, unknown>>): Promise<number>
  /**
   * Makes all written documents visible to searches now. For tests and tools: sinks rely on the refresh
   * interval.
   */
  refresh(indexPattern: string): Promise<void>
  /** Rejects with an EngineError if no engine answers. */
  health(): Promise<Health>
  /** Sends further requests over new connections; requests in flight end on their own ones. */
  reconnect(): void
  close(): Promise<void>
}

export interface IndexTemplate {
  readonly name: string
  /** For example, orders-*. */
  readonly pattern: string
  readonly settings: Readonly<Record<string, unknown>>
  readonly mappings: Readonly<Record<string, unknown>>
}

export interface BulkReply {
  /** One verdict per document, in the order of the request. */
  readonly items: readonly BulkItem[]
}

export interface BulkItem {
  /** The HTTP status. verdicts.ts decides what it means for the document. */
  readonly status: number
  readonly error?: {
    readonly type: string
    readonly reason?: string
    readonly caused_by?: { readonly reason?: string }
  }
}

export interface SearchReply {
  readonly took: number
  readonly hits: { readonly total?: { readonly value: number }; readonly hits: readonly SearchHit[] }
  readonly aggregations?: Readonly<Record<string, any>>
}

export interface SearchHit {
  readonly _index: string
  readonly _id: string
  readonly _source: any
  readonly [more: string]: any
}

export interface Health {
  /** yellow: complete, but replicas are missing; red: primaries are missing. */
  readonly status: 'green' | 'yellow' | 'red'
  readonly nodes: number
}

/** The address of an engine, and the credentials for it. */
export interface EngineOptions {
  readonly urls: readonly string[]
  readonly username: string | undefined
  readonly password: string | undefined
  /** Certificate authorities in PEM; undefined: those that the system knows. */
  readonly ca: string | undefined
  /** How long a bulk request may take before its outcome counts as unknown (default 30,000). */
  readonly bulkTimeoutMs?: number
}
