/** Consumer lag: one measure for the offsets that a group has committed and for a member's position. */
import type { Assignment } from './port.ts'

interface Reader {
  /** The start of the partition's log. Records below it were removed and do not count as lag. */
  readonly startOffset: number
  /** The next offset to read; -1 if the group has none and begins at the start. */
  readonly position: number
  readonly endOffset: number
}

/** Records between the position and the end, transaction markers included. */
export function lagOf({ startOffset, position, endOffset }: Reader): number {
  return Math.max(0, endOffset - Math.max(position, startOffset))
}

/** The total lag of all partitions whose ends are known. */
export function totalLag(assignments: readonly Assignment[]): number {
  return assignments.reduce((total, assignment) => total + lagOf(assignment), 0)
}
