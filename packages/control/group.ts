/** Decisions that may share a transaction, because none of them depends on another. */

/** The things that a decision reads and changes. Callers choose the names: one for each thing. */
export interface Scope {
  /** Things that the decision depends on and does not change. */
  readonly reads?: readonly string[]
  /** Things that the decision may change or create. */
  readonly changes: readonly string[]
}

/** A decision that waits for its turn. */
export interface Pending {
  /** Undefined: it may depend on anything, so it is made alone. */
  readonly scope: Scope | undefined
}

/** The most decisions of a transaction. */
export const MAX_GROUP = 500

/** Takes decisions from the front of the queue: the first one, and those after it that are independent. */
export function takeGroup<P extends Pending>(queue: P[]): P[] {
  const reads = new Set<string>()
  const changes = new Set<string>()
  let count = 0
  for (const { scope } of queue) {
    if (count === MAX_GROUP) break
    if (count > 0 && (scope === undefined || conflicts(scope, reads, changes))) break
    count++
    if (scope === undefined) break
    for (const name of scope.reads ?? []) reads.add(name)
    for (const name of scope.changes) changes.add(name)
  }
  return queue.splice(0, count)
}

function conflicts(
  { reads = [], changes }: Scope,
  readBefore: ReadonlySet<string>,
  changedBefore: ReadonlySet<string>,
): boolean {
  return (
    reads.some((name) => changedBefore.has(name)) ||
    changes.some((name) => changedBefore.has(name) || readBefore.has(name))
  )
}
