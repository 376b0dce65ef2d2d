/** Requests that kafkajs does not know (Kafka protocol guide). */
import { createAPI } from '@platformatic/kafka'
import { Decoder, Encoder } from '../client/protocol/wire.ts'

const TOPIC = 2
const SET = 0

export interface ListedGroup {
  readonly groupId: string
  readonly state: string
}

/**
 * ListGroups v4, the first version that reports states. It includes groups that coordinate by KIP-848, which
 * DescribeGroups reports as dead.
 */
export const listGroups = createAPI<[], { errorCode: number; groups: ListedGroup[] }>(
  16,
  4,
  () =>
    new Encoder()
      .count(0) // states: all
      .tags()
      .request(),
  (_correlation, _key, _version, reader) => {
    const from = Decoder.of(reader)
    from.int32() // throttle time
    const errorCode = from.int16()
    const groups = from.array((): ListedGroup => {
      const groupId = from.string() ?? ''
      from.string() // protocol type
      const state = from.string() ?? ''
      from.tags()
      return { groupId, state }
    })
    return { errorCode, groups }
  },
)

/** IncrementalAlterConfigs of one topic, which leaves configurations that it does not name as they are. */
export const setTopicConfigs = createAPI<
  [topic: string, configs: readonly (readonly [name: string, value: string])[]],
  { errorCode: number; message: string }
>(
  44,
  1,
  (topic: string, configs: readonly (readonly [name: string, value: string])[]) => {
    const to = new Encoder()
    return to
      .array([topic], () => {
        to.int8(TOPIC)
          .string(topic)
          .array(configs, ([name, value]) => to.string(name).int8(SET).string(value).tags())
          .tags()
      })
      .bool(false) // not only validated
      .tags()
      .request()
  },
  (_correlation, _key, _version, reader) => {
    const from = Decoder.of(reader)
    from.int32() // throttle time
    const [result] = from.array(() => {
      const errorCode = from.int16()
      const message = from.string() ?? ''
      from.int8() // resource type
      from.string() // resource name
      from.tags()
      return { errorCode, message }
    })
    return result
  },
)
