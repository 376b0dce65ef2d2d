/** The action `republish`: a message for devices, which may make rules run again. */
import { iotArn } from '@weir/aws'
import { AWS_LIMITS, topicProblem } from '@weir/iot-sql'
import type { DeviceMessage, MessageProperties } from '../../devices/message.ts'
import {
  ActionFailure,
  InvalidAction,
  optionalText,
  type Selected,
  type Text,
  textOf,
  withoutTemplates,
} from './action.ts'
import type { CompileAction } from './kind.ts'
import { derivedId, givenId, ID_PROPERTY } from './record-id.ts'

interface RepublishInput {
  readonly topic: string
  readonly qos?: number
  readonly headers?: HeadersInput
}

interface HeadersInput {
  readonly payloadFormatIndicator?: string
  readonly contentType?: string
  readonly responseTopic?: string
  readonly correlationData?: string
  readonly messageExpiry?: string
  readonly userProperties?: readonly { readonly key: string; readonly value: string }[]
}

/** Rules that publish one after the other, and messages that come of one message of a client. */
export const MAX_HOPS = 5
export const MAX_MADE = 1000
/** MQTT 5, section 3.1.2.11.2. */
const MAX_EXPIRY_SECONDS = 0xffff_ffff

export const republishAction: CompileAction = (input: RepublishInput, rule, { account }) => {
  const topic = textOf(input.topic, 'topic', rule)
  const qos = input.qos === 1 ? 1 : 0
  if (!input.topic.includes('$')) {
    const problem = topicProblem(input.topic, AWS_LIMITS)
    if (problem !== undefined) throw new InvalidAction(`topic: ${problem}`)
  }
  const properties = propertiesOf(input.headers ?? {}, rule)
  return {
    resources: [iotArn(account, `topic/${withoutTemplates(input.topic)}`)],
    begin(selected, out, number) {
      const name = topic(selected)
      const problem = topicProblem(name, AWS_LIMITS)
      if (problem !== undefined) throw new ActionFailure(name, problem)
      if (name.startsWith('$') && !name.startsWith('$aws/rules/'))
        throw new ActionFailure(name, 'Topics that begin with $ are reserved.')
      const lineage = lineageOf(selected, name)
      const message: DeviceMessage = {
        topic: name,
        payload: selected.payload,
        qos,
        clientId: undefined,
        principal: selected.message.fields.principal ?? '',
        receivedAt: selected.context.nowMs,
        properties: properties(selected, number),
        lineage,
      }
      out.publish(message, { selected, number })
    },
  }
}

function lineageOf({ lineage }: Selected, topic: string): DeviceMessage['lineage'] {
  const hops = (lineage?.hops ?? 0) + 1
  if (hops > MAX_HOPS)
    throw new ActionFailure(
      topic,
      `At most ${MAX_HOPS} rules may republish a message one after the other; the rules may be a loop.`,
    )
  const made = lineage?.made ?? { count: 0 }
  if (++made.count > MAX_MADE)
    throw new ActionFailure(
      topic,
      `Rules may publish at most ${MAX_MADE} messages because of one message of a client.`,
    )
  return { hops, made }
}

type Properties = (selected: Selected, number: number) => MessageProperties | undefined

function propertiesOf(headers: HeadersInput, rule: Parameters<typeof textOf>[2]): Properties {
  const text = (name: Exclude<keyof HeadersInput, 'userProperties'>): Text | undefined =>
    optionalText(headers[name], `headers.${name}`, rule)
  const indicator = text('payloadFormatIndicator')
  const contentType = text('contentType')
  const responseTopic = text('responseTopic')
  const correlationData = text('correlationData')
  const expiry = text('messageExpiry')
  const user = (headers.userProperties ?? []).map(
    ({ key, value }, i) =>
      [
        textOf(key, `headers.userProperties[${i}].key`, rule),
        textOf(value, `headers.userProperties[${i}].value`, rule),
      ] as const,
  )
  const isEmpty = Object.keys(headers).length === 0
  return (selected, number) => {
    const given = givenId(selected)
    if (isEmpty && given === undefined) return undefined
    const userProperties: Record<string, string | string[]> = Object.create(null)
    for (const [key, value] of user) add(userProperties, key(selected), value(selected))
    if (given !== undefined) userProperties[ID_PROPERTY] = derivedId(given, selected, number)
    const correlation = correlationData?.(selected)
    return {
      payloadFormatIndicator: indicator === undefined ? undefined : isUtf8Indicator(indicator(selected)),
      contentType: contentType?.(selected),
      responseTopic: responseTopic?.(selected),
      correlationData: correlation === undefined ? undefined : Buffer.from(correlation, 'base64'),
      messageExpiryInterval: expiry === undefined ? undefined : secondsOf(expiry(selected)),
      userProperties: Object.keys(userProperties).length === 0 ? undefined : userProperties,
    }
  }
}

function add(properties: Record<string, string | string[]>, name: string, value: string): void {
  const before = properties[name]
  if (before === undefined) properties[name] = value
  else if (typeof before === 'string') properties[name] = [before, value]
  else before.push(value)
}

const isUtf8Indicator = (text: string): boolean => text === '1' || text === 'UTF8_DATA'

/** MQTT has seconds; the guide's messageExpiry is one of its headers in the same unit. */
function secondsOf(text: string): number | undefined {
  const seconds = Number(text)
  return /^\d{1,10}$/.test(text) && seconds <= MAX_EXPIRY_SECONDS ? seconds : undefined
}
