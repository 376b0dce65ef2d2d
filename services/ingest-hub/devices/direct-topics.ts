/** Topics of Kafka to which devices publish without a rule: the payload is the value, in JSON. */
import { isUtf8 } from 'node:buffer'
import { FilterTree } from '@weir/iot-sql'
import { shapeOfJson } from '@weir/service'
import { topics } from '@weir/solutions'
import type { Intake, IntakeTopic } from '../intake/intake.ts'
import { MAX_SOURCE_LENGTH, RecordHeaders } from '../intake/record-headers.ts'
import { Submission } from '../intake/submission.ts'
import { Refused, type Taker } from './devices.ts'

/** The user property of MQTT 5 with the id of the record. */
const ID_PROPERTY = 'weir-id'
const JSON_LIMITS = { depth: 32, values: 10_000, names: 1000 }
/** Names of MQTT topics, and clients, whose outcome is remembered. */
const MAX_REMEMBERED = 10_000
const SOURCE = new RegExp(`^[\\x21-\\x7e]{1,${MAX_SOURCE_LENGTH}}$`)

interface Part {
  readonly submission: Submission
  /** The number of the message of each record. */
  readonly messages: number[]
}

export function directTopics(intake: Intake): Taker {
  const tree = new FilterTree<IntakeTopic>('mqtt')
  for (const topic of intake.topics) {
    for (const door of topics[topic.name].doors) if (door !== 'http') tree.add(door.mqtt, topic)
  }
  const topicsOf = remembered((topic) => tree.match(topic))
  const headersOf = remembered((sender) => {
    const [principal, clientId] = sender.split('\n')
    return new RecordHeaders(SOURCE.test(clientId) ? clientId : principal, undefined, principal)
  })

  return (messages) => {
    const parts = new Map<IntakeTopic, Part>()
    const outcomes: (Error | undefined)[] = []
    outcomes.length = messages.length
    const now = Date.now()
    for (let i = 0; i < messages.length; i++) {
      const message = messages[i]
      const found = topicsOf(message.topic)
      if (found.length === 0) continue
      // It only ends what is retained for its topic.
      if (message.retain === true && message.payload.length === 0) continue
      const value = parsed(message.payload)
      if (value instanceof Refused) {
        outcomes[i] = value
        continue
      }
      const headers = headersOf(`${message.principal}\n${message.clientId ?? ''}`)
      for (const topic of found) {
        let part = parts.get(topic)
        if (part === undefined) {
          part = { submission: new Submission(topic, intake.producer, headers, now), messages: [] }
          parts.set(topic, part)
        }
        part.submission.addValue(value, message.properties?.userProperties?.[ID_PROPERTY], headers)
        part.messages.push(i)
      }
    }
    if (parts.size === 0) return outcomes.some((outcome) => outcome) ? Promise.resolve(outcomes) : undefined
    return settle([...parts.values()], outcomes)
  }
}

async function settle(
  parts: readonly Part[],
  outcomes: (Error | undefined)[],
): Promise<readonly (Error | undefined)[]> {
  for (const { submission, messages } of parts) {
    const cause = await submission.settled()
    for (const { index, message, field, retriable } of submission.errors) {
      const where = field === undefined ? '' : `${field}: `
      outcomes[messages[index]] = retriable ? cause : new Refused(`${where}${message}`)
    }
  }
  return outcomes
}

function parsed(payload: Buffer): unknown {
  const { depth, values, names } = shapeOfJson(payload, 0, payload.length)
  if (depth > JSON_LIMITS.depth || values > JSON_LIMITS.values || names > JSON_LIMITS.names)
    return new Refused(
      `The payload may nest ${JSON_LIMITS.depth} levels, and have ${JSON_LIMITS.values} values and ${JSON_LIMITS.names} names.`,
    )
  if (!isUtf8(payload)) return new Refused('The payload is not valid UTF-8.')
  try {
    return JSON.parse(payload.toString())
  } catch {
    return new Refused('The payload is not JSON.')
  }
}

/** Remembers the results for the last few thousand arguments. */
function remembered<T>(of: (argument: string) => T): (argument: string) => T {
  const known = new Map<string, T>()
  return (argument) => {
    let found = known.get(argument)
    if (found === undefined) {
      if (known.size >= MAX_REMEMBERED) known.clear()
      known.set(argument, (found = of(argument)))
    }
    return found
  }
}
