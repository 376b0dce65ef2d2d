/**
 * The port to search engines: what the sinks and the pages see of one. Two drivers stand behind it and pass
 * one conformance suite.
 */

export interface SearchEngine {
  readonly name: 'elasticsearch' | 'opensearch'
  /** Puts or replaces the template: indices created from then on follow it. */
  putTemplate(template: IndexTemplate): Promise<void>
  /**
   * Sends one bulk request, once: `body` is NDJSON, an action line and a document each, every line ended by a
   * newline. Resolves whatever the engine says of single documents; rejects with an EngineError where the
   * request as a whole failed.
   */
  bulk(body: Buffer): Promise<BulkReply>
  /**
   * Runs a search over the indices of the pattern; none yet is an empty result, not an error. The body is the
   * engines' common query language.
   */
  search(indexPattern: string, body: Readonly<Record<string, unknown>>): Promise<SearchReply>
  /** Documents that a search can see, in all indices of the pattern, that match the query. */
  count(indexPattern: string, query?: Readonly<Record<string, unknown>>): Promise<number>
  /**
   * Makes what was written visible to searches now. For tests and tools: sinks leave that to the refresh
   * interval.
   */
  refresh(indexPattern: string): Promise<void>
  /** Rejects with an EngineError where no engine answers. */
  health(): Promise<Health>
  /** Requests from now on go over new connections; those under way end on the ones that they have. */
  reconnect(): void
  close(): Promise<void>
}

export interface IndexTemplate {
  readonly name: string
  /** For instance taxi-*. */
  readonly pattern: string
  readonly settings: Readonly<Record<string, unknown>>
  readonly mappings: Readonly<Record<string, unknown>>
}

export interface BulkReply {
  /** One verdict a document, in the order of the request. */
  readonly items: readonly BulkItem[]
}

export interface BulkItem {
  /** As HTTP has it. What it means for the document: verdicts.ts. */
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
  /** yellow is whole, with replicas missing; red has primaries missing. */
  readonly status: 'green' | 'yellow' | 'red'
  readonly nodes: number
}

/** Where an engine is and how to be let in. */
export interface EngineOptions {
  readonly urls: readonly string[]
  readonly username: string | undefined
  readonly password: string | undefined
  /** Certificate authorities in PEM; undefined: those the system knows. */
  readonly ca: string | undefined
  /** How long a bulk request may take before its outcome counts as unknown (30,000). */
  readonly bulkTimeoutMs?: number
}
