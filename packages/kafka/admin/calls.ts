/** Calls that kafkajs does not know (Kafka protocol guide). */
import type { ProtocolCall } from 'kafkajs/src/protocol/requests/index.js'
import { Answer, Body, encoded, stringSize } from '../drivers/kafkajs/protocol/bytes.ts'

const LIST_GROUPS = 16
const INCREMENTAL_ALTER_CONFIGS = 44
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
export function listGroups(): ProtocolCall<{ errorCode: number; groups: ListedGroup[] }> {
  // A flexible version: no tagged fields in the header, no filter of states, no tagged fields.
  const encode = async () => encoded(Buffer.from([0, 1, 0]))
  const decode = async (payload: Buffer) => {
    const answer = new Answer(payload)
    answer.int8() // tagged fields of the header
    const clientSideThrottleTime = answer.int32()
    const errorCode = answer.int16()
    const groups = Array.from({ length: answer.compactLength() }, (): ListedGroup => {
      const groupId = answer.compactString()
      answer.compactString() // protocol type
      const state = answer.compactString()
      answer.int8() // tagged fields
      return { groupId, state }
    })
    return { clientSideThrottleTime, errorCode, groups }
  }
  return {
    request: { apiKey: LIST_GROUPS, apiVersion: 4, apiName: 'ListGroups', encode },
    response: { decode, parse: async (decoded) => decoded },
  }
}

/**
 * IncrementalAlterConfigs v0, which leaves the configurations that it does not name as they are. Resolves to
 * the broker's error.
 */
export function setTopicConfigs(
  topic: string,
  configs: readonly (readonly [name: string, value: string])[],
): ProtocolCall<{ errorCode: number; message: string }> {
  const encode = async () => {
    const size =
      4 +
      1 +
      stringSize(topic) +
      4 +
      configs.reduce((sum, [name, value]) => sum + stringSize(name) + 1 + stringSize(value), 0) +
      1
    const body = new Body(size).int32(1).int8(TOPIC).string(topic).int32(configs.length)
    for (const [name, value] of configs) body.string(name).int8(SET).string(value)
    return encoded(body.int8(0).bytes)
  }
  const decode = async (payload: Buffer) => {
    const answer = new Answer(payload)
    const clientSideThrottleTime = answer.int32()
    const [result] = answer.array(() => {
      const errorCode = answer.int16()
      const message = answer.string()
      answer.int8()
      answer.string()
      return { errorCode, message }
    })
    return { clientSideThrottleTime, ...result }
  }
  return {
    request: { apiKey: INCREMENTAL_ALTER_CONFIGS, apiVersion: 0, apiName: 'IncrementalAlterConfigs', encode },
    response: { decode, parse: async (decoded) => decoded },
  }
}
