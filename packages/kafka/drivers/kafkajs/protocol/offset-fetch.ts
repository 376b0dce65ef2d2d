/** OffsetFetch v7, the first that tells an offset whose transaction is still open from one that stands; kafkajs ends at v5. */
import type { ProtocolCall } from 'kafkajs/src/protocol/requests/index.js'
import { UNSTABLE_OFFSET_COMMIT } from '../../platformatic/protocol/codes.ts'
import { Decoder, Encoder } from '../../platformatic/protocol/wire.ts'
import { encoded } from './bytes.ts'

const OFFSET_FETCH = 9
export { UNSTABLE_OFFSET_COMMIT as UNSTABLE }

/** Of one partition. Resolves to the broker's error code, UNSTABLE among them, and the offset: -1 where none was committed. */
export function stableOffsetFetch(groupId: string, topic: string, partition: number): ProtocolCall<{ errorCode: number, offset: number }> {
  const encode = async () => {
    const to = new Encoder().tags() // of the header
    return encoded(to.string(groupId).byTopic([{ topic, partition }], () => to.int32(partition)).bool(true).tags().take())
  }
  const decode = async (payload: Buffer) => {
    const from = new Decoder(payload)
    from.tags() // of the header
    const clientSideThrottleTime = from.int32()
    const [answer] = from.byTopic(() => {
      from.int32() // partition
      const offset = from.number64()
      from.int32() // leader epoch
      from.string() // metadata
      const errorCode = from.int16()
      from.tags()
      return { offset, errorCode }
    })
    return { clientSideThrottleTime, offset: answer?.offset ?? -1, errorCode: from.int16() || (answer?.errorCode ?? 0) }
  }
  return { request: { apiKey: OFFSET_FETCH, apiVersion: 7, apiName: 'OffsetFetch', encode }, response: { decode, parse: async (decoded) => decoded } }
}
