/**
 * How the failure of a whole request affects the requests after it. overloaded: fewer at once. timeout:
 * the outcome is unknown, and both of its neighbours apply. unavailable: none is taken until the destination
 * is prepared again. rejected: it never takes this one.
 */
export type FailureKind = 'overloaded' | 'timeout' | 'unavailable' | 'rejected'

/** The failure of a whole request. Destinations give it the codes and remedies of their closed lists. */
export class DestinationError extends Error {
  override readonly name: string = 'DestinationError'
  readonly kind: FailureKind
  readonly code: string
  /** Tells people what to do. */
  readonly remedy: string

  constructor(kind: FailureKind, code: string, what: string, remedy: string, cause?: unknown) {
    super(`${what} (${code}): ${remedy}`, cause === undefined ? undefined : { cause })
    this.kind = kind
    this.code = code
    this.remedy = remedy
  }
}
