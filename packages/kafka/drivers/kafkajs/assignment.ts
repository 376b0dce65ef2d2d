/**
 * The consumer protocol of classic groups: a member's subscription, and the range assignor that distributes
 * the partitions.
 */
import codec from 'kafkajs/src/consumer/assignerProtocol.js'

/**
 * The same as the Java client's: partitions with the same number in several topics go to the same member, so
 * that topics can be joined.
 */
export const RANGE = 'range'

export type Assigned = readonly { readonly topic: string; readonly partition: number }[]

const NO_DATA = Buffer.alloc(0)

export function encodeSubscription(topics: readonly string[]): Buffer {
  return codec.MemberMetadata.encode({ version: 0, topics: [...topics], userData: NO_DATA })
}

export function decodeAssignment(bytes: Buffer): Assigned {
  const assignment = codec.MemberAssignment.decode(bytes)?.assignment ?? {}
  return Object.entries(assignment).flatMap(([topic, partitions]) =>
    partitions.map((partition) => ({ topic, partition })),
  )
}

export interface Member {
  readonly memberId: string
  readonly memberMetadata: Buffer
}

/** Shares the partitions of every topic among the members that subscribed to it, in contiguous ranges. */
export function assignRanges(
  members: readonly Member[],
  partitions: ReadonlyMap<string, number>,
): { memberId: string; memberAssignment: Buffer }[] {
  const shares = new Map(members.map(({ memberId }) => [memberId, {} as Record<string, number[]>]))
  const subscribed = members.map(({ memberId, memberMetadata }) => ({
    memberId,
    topics: codec.MemberMetadata.decode(memberMetadata).topics,
  }))
  subscribed.sort((a, b) => (a.memberId < b.memberId ? -1 : 1))
  for (const [topic, count] of partitions) {
    const readers = subscribed.filter(({ topics }) => topics.includes(topic))
    let next = 0
    readers.forEach(({ memberId }, i) => {
      const end = Math.floor(((i + 1) * count) / readers.length)
      if (end > next) shares.get(memberId)![topic] = Array.from({ length: end - next }, () => next++)
    })
  }
  return [...shares].map(([memberId, assignment]) => ({
    memberId,
    memberAssignment: codec.MemberAssignment.encode({ version: 0, assignment, userData: NO_DATA }),
  }))
}
