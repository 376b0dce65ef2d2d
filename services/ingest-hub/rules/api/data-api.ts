/** The data plane of AWS IoT: publishing messages over HTTPS. */
import { type Account, type Api, type AwsContext, AwsError, api, iotArn, iotDataModel } from '@weir/aws'
import { AWS_LIMITS, MAX_PAYLOAD_BYTES, topicProblem } from '@weir/iot-sql'
import type { DeviceMessages, MessageProperties } from '../../devices/message.ts'
import { invalidRequest } from './errors.ts'

interface PublishInput {
  readonly topic: string
  readonly qos?: number
  readonly retain?: boolean
  readonly payload?: Buffer
  readonly userProperties?: string
  readonly payloadFormatIndicator?: string
  readonly contentType?: string
  readonly responseTopic?: string
  readonly correlationData?: string
  readonly messageExpiry?: number
}

const MAX_PROPERTY_LENGTH = 8192
const MAX_EXPIRY_SECONDS = 0xffff_ffff

export function iotDataApi(account: Account, messages: DeviceMessages, isRetaining: boolean): Api {
  const operations = {
    async Publish(input: PublishInput, { authorize, client }: AwsContext): Promise<void> {
      const { topic, qos = 0, retain = false, payload = Buffer.alloc(0) } = input
      const problem = topicProblem(topic, AWS_LIMITS)
      if (problem !== undefined) throw invalidRequest(problem)
      authorize(iotArn(account, `topic/${topic}`))
      if (topic.startsWith('$') && !topic.startsWith('$aws/rules/'))
        throw invalidRequest('Topics that begin with $ are reserved.')
      if (retain && !isRetaining)
        throw invalidRequest('Messages are not retained here; publish without retain.')
      const [error] = await messages.publish([
        {
          topic,
          payload,
          qos: qos === 1 ? 1 : 0,
          clientId: undefined,
          principal: client.name,
          receivedAt: Date.now(),
          properties: propertiesOf(input),
          ...(retain && { retain }),
        },
      ])
      if (error !== undefined) throw unstored(error)
    },
  }
  return api(iotDataModel, operations, {
    maxBodyBytes: MAX_PAYLOAD_BYTES,
    invalidInput: 'InvalidRequestException',
    actions: { Publish: 'iot:Publish' },
  })
}

/** An error that says of itself that it will not pass is the fault of the message. */
function unstored(error: Error): AwsError {
  const { retriable } = error as { retriable?: boolean }
  if (retriable === false) return invalidRequest(error.message)
  return new AwsError(
    'InternalFailureException',
    'The message is not known to be stored; send it again.',
    500,
  )
}

function propertiesOf(input: PublishInput): MessageProperties | undefined {
  const { contentType, responseTopic, correlationData, messageExpiry, payloadFormatIndicator } = input
  for (const text of [contentType, responseTopic, correlationData, input.userProperties])
    if (text !== undefined && text.length > MAX_PROPERTY_LENGTH)
      throw invalidRequest(`A property of a message may have at most ${MAX_PROPERTY_LENGTH} characters.`)
  if (messageExpiry !== undefined && (messageExpiry < 0 || messageExpiry > MAX_EXPIRY_SECONDS))
    throw invalidRequest('The messageExpiry must be a number of seconds from 0 to 4294967295.')
  const properties: MessageProperties = {
    ...(payloadFormatIndicator !== undefined && {
      payloadFormatIndicator: payloadFormatIndicator === 'UTF8_DATA',
    }),
    ...(contentType !== undefined && { contentType }),
    ...(responseTopic !== undefined && { responseTopic }),
    ...(correlationData !== undefined && { correlationData: Buffer.from(correlationData, 'base64') }),
    ...(messageExpiry !== undefined && { messageExpiryInterval: messageExpiry }),
    ...(input.userProperties !== undefined && { userProperties: userPropertiesOf(input.userProperties) }),
  }
  return Object.keys(properties).length === 0 ? undefined : properties
}

/** The header is the base64 of a JSON list of objects, each with one name and its value; or of that list's text. */
function userPropertiesOf(header: string): Record<string, string | string[]> {
  const refused = () =>
    invalidRequest(
      'The user properties must be a JSON list of objects with one name and a text each, in base64.',
    )
  let parsed: unknown
  try {
    parsed = JSON.parse(Buffer.from(header, 'base64').toString())
    if (typeof parsed === 'string') parsed = JSON.parse(parsed)
  } catch {
    throw refused()
  }
  if (!Array.isArray(parsed)) throw refused()
  const properties: Record<string, string | string[]> = Object.create(null)
  for (const one of parsed as unknown[]) {
    const entries = typeof one === 'object' && one !== null ? Object.entries(one) : []
    if (entries.length !== 1 || typeof entries[0][1] !== 'string') throw refused()
    const [[name, value]] = entries as [[string, string]]
    const before = properties[name]
    if (before === undefined) properties[name] = value
    else properties[name] = [...(typeof before === 'string' ? [before] : before), value]
  }
  return properties
}
