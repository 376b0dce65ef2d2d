/**
 * How far behind a reader is: one measure for the offsets that a group has committed and the position of a
 * member.
 */
import type { Assignment } from './port.ts'

interface Reader {
  /** Where the partition's log begins: what lies below was removed, and waits for nobody. */
  readonly startOffset: number
  /** The next offset to read; -1 where the group has none, and begins at the start. */
  readonly position: number
  readonly endOffset: number
}

/** Records between the position and the end, transaction markers included. */
export function lagOf({ startOffset, position, endOffset }: Reader): number {
  return Math.max(0, endOffset - Math.max(position, startOffset))
}

/** The lag of all partitions together, as far as their ends are known. */
export function totalLag(assignments: readonly Assignment[]): number {
  return assignments.reduce((total, assignment) => total + lagOf(assignment), 0)
}
