/** Functions of the message's metadata, the rule and the time. */
import { randomUUID } from 'node:crypto'
import type { MessageProperties } from '../evaluation/message.ts'
import { toIndex } from '../values/convert.ts'
import type { Value } from '../values/value.ts'
import type { SqlFunction } from './call.ts'

export const METADATA: Readonly<Record<string, SqlFunction>> = {
  accountid: { arity: [0, 0], call: (_, { context }) => context.accountId },
  clientid: { arity: [0, 0], call: (_, { message }) => message.fields.clientId ?? 'n/a' },
  principal: { arity: [0, 0], call: (_, { message }) => message.fields.principal },
  sourceip: { since2016: true, arity: [0, 0], call: (_, { message }) => message.fields.sourceIp },
  traceid: { arity: [0, 0], call: (_, { message }) => message.fields.traceId },
  newuuid: { arity: [0, 0], call: () => randomUUID() },
  sql_version: { arity: [0, 0], call: (_, { version }) => version },
  timestamp: { arity: [0, 0], call: (_, { context }) => context.nowMs },
  topic: {
    arity: [0, 1],
    call: (args, evaluation) => {
      if (args.length === 0) return evaluation.message.topic
      const level = toIndex(args[0], evaluation)
      return level === undefined ? undefined : evaluation.message.level(level)
    },
  },
  get_mqtt_property: {
    since2016: true,
    arity: [1, 1],
    call: ([name], { message }) => propertyOf(message.fields.properties, name),
  },
  get_user_properties: {
    since2016: true,
    arity: [0, 1],
    call: (args, { message }) => userPropertiesOf(message.fields.properties, args),
  },
}

function propertyOf(properties: MessageProperties | undefined, name: Value): Value {
  if (properties === undefined) return undefined
  if (name === 'content_type') return properties.contentType
  if (name === 'format_indicator') return properties.utf8 ? 'UTF8_DATA' : 'UNSPECIFIED_BYTES'
  if (name === 'response_topic') return properties.responseTopic
  if (name === 'correlation_data') return properties.correlationData?.toString('base64')
  return undefined
}

/** The values of a name, or all properties as objects of one field each. */
function userPropertiesOf(properties: MessageProperties | undefined, args: readonly Value[]): Value {
  const user = properties?.user ?? []
  if (args.length === 0) return user.map(([name, value]) => Object.fromEntries([[name, value]]))
  const values = user.filter(([name]) => name === args[0]).map(([, value]) => value)
  return values.length === 0 ? undefined : values
}
