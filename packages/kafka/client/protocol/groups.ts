/**
 * ConsumerGroupHeartbeat and ConsumerGroupDescribe (KIP-848), and the classic JoinGroup, SyncGroup,
 * Heartbeat, LeaveGroup.
 */
import { createAPI } from '@platformatic/kafka'
import { Decoder, Encoder } from './wire.ts'

export interface TopicIdPartitions {
  readonly topicId: string
  readonly partitions: readonly number[]
}

export interface ConsumerHeartbeat {
  readonly groupId: string
  readonly memberId: string
  readonly instanceId: string | null
  /** 0 joins, -1 leaves. */
  readonly memberEpoch: number
  /** The fields below are null if they have not changed since the last heartbeat that was answered. */
  readonly full: {
    readonly rebalanceTimeout: number
    readonly topics: readonly string[]
    readonly rack: string | null
    /** The coordinator's assignor; null for its default. */
    readonly assignor: string | null
  } | null
  readonly owned: readonly TopicIdPartitions[] | null
}

export interface ConsumerHeartbeatResult {
  readonly errorCode: number
  readonly errorMessage: string | null
  readonly memberEpoch: number
  /** Milliseconds. */
  readonly interval: number
  /** null if it has not changed */
  readonly assignment: readonly TopicIdPartitions[] | null
}

/** Version 1: the member creates its own id. */
export const consumerGroupHeartbeat = createAPI<[beat: ConsumerHeartbeat], ConsumerHeartbeatResult>(
  68,
  1,
  ({ groupId, memberId, instanceId, memberEpoch, full, owned }: ConsumerHeartbeat) => {
    const to = new Encoder()
    return to
      .string(groupId)
      .string(memberId)
      .int32(memberEpoch)
      .string(instanceId)
      .string(full?.rack ?? null)
      .int32(full?.rebalanceTimeout ?? -1)
      .array(full?.topics ?? null, (topic) => to.string(topic))
      .string(null) // topic pattern
      .string(full?.assignor ?? null)
      .array(owned, ({ topicId, partitions }) =>
        to
          .uuid(topicId)
          .array(partitions, (partition) => to.int32(partition))
          .tags(),
      )
      .tags()
      .request()
  },
  (_correlation, _key, _version, reader) => {
    const from = Decoder.of(reader)
    from.int32() // throttle time
    const head = { errorCode: from.int16(), errorMessage: from.string() }
    from.string() // member id
    const beat = { ...head, memberEpoch: from.int32(), interval: from.int32() }
    if (from.int8() < 0) return { ...beat, assignment: null }
    return {
      ...beat,
      assignment: from.array(() => {
        const topic = { topicId: from.uuid(), partitions: from.array(() => from.int32()) }
        from.tags()
        return topic
      }),
    }
  },
)

export interface DescribedGroup {
  readonly errorCode: number
  /** The assignment that each member has confirmed; a new target may differ. */
  readonly members: readonly (readonly { readonly topic: string; readonly partitions: readonly number[] }[])[]
}

/** Answers GROUP_ID_NOT_FOUND for classic groups too. */
export const consumerGroupDescribe = createAPI<[groupId: string], DescribedGroup>(
  69,
  0,
  (groupId: string) => {
    const to = new Encoder()
    return to
      .array([groupId], (id) => to.string(id))
      .bool(false)
      .tags()
      .request()
  },
  (_correlation, _key, _version, reader) => {
    const from = Decoder.of(reader)
    from.int32() // throttle time
    const assignment = () => {
      const topics = from.array(() => {
        from.uuid()
        const topic = { topic: from.string() ?? '', partitions: from.array(() => from.int32()) }
        from.tags()
        return topic
      })
      from.tags()
      return topics
    }
    const [group] = from.array(() => {
      const errorCode = from.int16()
      from.string() // error message
      from.string() // group id
      from.string() // state
      from.int32() // group epoch
      from.int32() // assignment epoch
      from.string() // assignor
      const members = from.array(() => {
        from.string() // member id
        from.string() // instance id
        from.string() // rack
        from.int32() // member epoch
        from.string() // client id
        from.string() // host
        from.array(() => from.string()) // topics
        from.string() // topic pattern
        const taken = assignment()
        assignment() // the target
        from.tags()
        return taken
      })
      from.int32() // authorized operations
      from.tags()
      return { errorCode, members }
    })
    return group
  },
)

export interface ClassicProtocol {
  readonly name: string
  readonly metadata: Buffer
}

export interface JoinResult {
  readonly errorCode: number
  readonly generation: number
  readonly protocol: string | null
  readonly leader: string
  readonly memberId: string
  /** Whether the leader is to leave the assignments as they are, since it only came back. */
  readonly skipAssignment: boolean
  /** For the leader only. */
  readonly members: readonly { readonly memberId: string; readonly metadata: Buffer }[]
}

const PROTOCOL_TYPE = 'consumer'

type JoinArguments = [
  groupId: string,
  memberId: string,
  instanceId: string | null,
  sessionTimeout: number,
  rebalanceTimeout: number,
  protocols: readonly ClassicProtocol[],
]

/**
 * Timeouts are in milliseconds. A join without a member id and a lasting name is answered with
 * MEMBER_ID_REQUIRED, and with an id to join with.
 */
const joinGroupVersion = (version: number) =>
  createAPI<JoinArguments, JoinResult>(
    11,
    version,
    (...[groupId, memberId, instanceId, sessionTimeout, rebalanceTimeout, protocols]: JoinArguments) => {
      const to = new Encoder()
      to.string(groupId)
        .int32(sessionTimeout)
        .int32(rebalanceTimeout)
        .string(memberId)
        .string(instanceId)
        .string(PROTOCOL_TYPE)
        .array(protocols, ({ name, metadata }) => to.string(name).bytes(metadata).tags())
      if (version >= 8) to.string(null) // reason
      return to.tags().request()
    },
    (_correlation, _key, _version, reader) => {
      const from = Decoder.of(reader)
      from.int32() // throttle time
      const head = { errorCode: from.int16(), generation: from.int32() }
      from.string() // protocol type
      const result = {
        ...head,
        protocol: from.string(),
        leader: from.string() ?? '',
        skipAssignment: version >= 9 && from.bool(),
        memberId: from.string() ?? '',
      }
      return {
        ...result,
        members: from.array(() => {
          const memberId = from.string() ?? ''
          from.string() // instance id
          const metadata = from.bytes() ?? Buffer.alloc(0)
          from.tags()
          return { memberId, metadata }
        }),
      }
    },
  )

export const joinGroupV7 = joinGroupVersion(7)
/** Tells a leader that comes back under its name to leave the assignments as they are. */
export const joinGroupV9 = joinGroupVersion(9)

export interface ClassicMember {
  readonly groupId: string
  readonly memberId: string
  readonly instanceId: string | null
  readonly generation: number
}

type SyncArguments = [member: ClassicMember, protocol: string, assignments: ReadonlyMap<string, Buffer>]

/**
 * `assignments` are by member id, and empty except from the leader. The answer is this member's assignment.
 */
export const syncGroup = createAPI<SyncArguments, { errorCode: number; assignment: Buffer }>(
  14,
  5,
  (...[{ groupId, memberId, instanceId, generation }, protocol, assignments]: SyncArguments) => {
    const to = new Encoder()
    return to
      .string(groupId)
      .int32(generation)
      .string(memberId)
      .string(instanceId)
      .string(PROTOCOL_TYPE)
      .string(protocol)
      .array([...assignments], ([id, assignment]) => to.string(id).bytes(assignment).tags())
      .tags()
      .request()
  },
  (_correlation, _key, _version, reader) => {
    const from = Decoder.of(reader)
    from.int32() // throttle time
    const errorCode = from.int16()
    from.string() // protocol type
    from.string() // protocol
    return { errorCode, assignment: from.bytes() ?? Buffer.alloc(0) }
  },
)

export const heartbeat = createAPI<[member: ClassicMember], { errorCode: number }>(
  12,
  4,
  ({ groupId, memberId, instanceId, generation }: ClassicMember) =>
    new Encoder().string(groupId).int32(generation).string(memberId).string(instanceId).tags().request(),
  (_correlation, _key, _version, reader) => {
    const from = Decoder.of(reader)
    from.int32() // throttle time
    return { errorCode: from.int16() }
  },
)

export const leaveGroup = createAPI<[member: ClassicMember], { errorCode: number }>(
  13,
  4,
  ({ groupId, memberId }: ClassicMember) => {
    const to = new Encoder()
    return to
      .string(groupId)
      .array([memberId], (id) => to.string(id).string(null).tags())
      .tags()
      .request()
  },
  (_correlation, _key, _version, reader) => {
    const from = Decoder.of(reader)
    from.int32() // throttle time
    return { errorCode: from.int16() }
  },
)
