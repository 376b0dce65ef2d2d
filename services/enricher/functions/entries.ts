/**
 * The entries of the control log weir.control.functions: functions with their versions, aliases and settings
 * of events, archives and mappings.
 */
import type { Archive, StoredArchive } from './code/archive.ts'
import type { CodeModule } from './code/code-store.ts'

export const LATEST = '$LATEST'

/** The settings and the code of a function, as $LATEST or under a number. */
export interface FunctionVersion {
  readonly name: string
  /** $LATEST, or a number. */
  readonly version: string
  /** nodejs24.x */
  readonly runtime: string
  /** index.handler */
  readonly handler: string
  readonly description: string
  readonly role: string
  readonly memoryMb: number
  readonly timeoutMs: number
  readonly environment: Readonly<Record<string, string>>
  /** Exactly one of the two is set: `module` if an older version of Weir deployed the function. */
  readonly archive?: Archive
  readonly module?: CodeModule
  readonly noted: NotedSettings
  readonly revisionId: string
  /** ms since the epoch */
  readonly modifiedAt: number
}

/** Settings that the API returns but that have no effect. */
export interface NotedSettings {
  readonly architecture: string
  readonly tracing: string
  readonly ephemeralMb: number
  readonly logging: Readonly<Record<string, string>>
}

export interface LatestVersion extends FunctionVersion {
  /** The number of the last published version; 0: none. */
  readonly lastPublished: number
  /** The description of $LATEST when that version was published; undefined: not known. */
  readonly publishedDescription?: string
  /** The most environments in each replica; undefined: the default. */
  readonly reserved?: number
  readonly tags: Readonly<Record<string, string>>
}

export interface Alias {
  readonly name: string
  readonly alias: string
  /** $LATEST, or a number. */
  readonly version: string
  readonly description: string
  /** The share of invocations that goes to another version, by that version's number; at most one entry. */
  readonly weights: Readonly<Record<string, number>>
  readonly revisionId: string
}

/** Retries, age and destinations of the events of one qualifier. */
export interface EventConfig {
  readonly name: string
  /** $LATEST, a number, or an alias. */
  readonly qualifier: string
  readonly maxRetries?: number
  readonly maxAgeSeconds?: number
  readonly onSuccess?: string
  readonly onFailure?: string
  /** ms since the epoch */
  readonly modifiedAt: number
}

export interface Entries {
  readonly latest: LatestVersion
  readonly version: FunctionVersion
  readonly alias: Alias
  readonly events: EventConfig
  readonly archive: StoredArchive
}

export type EntryKind = keyof Entries
