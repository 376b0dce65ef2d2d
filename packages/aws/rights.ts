/** The rights of an access key: actions, on resources that are named by service. */
import { type Arn, parseArn } from './arn.ts'

/**
 * Patterns of resources' names by service: { "kinesis": ["orders", "sensor-*"], "lambda": ["team-*"] }. The
 * services are patterns as well.
 */
export type Rights = Readonly<Record<string, readonly string[]>>

/** The service of resources that are named without an ARN: topics of Kafka. */
export const TOPICS = 'kafka'

/**
 * Returns whether the action on the resource is allowed.
 * @param action kinesis:PutRecord
 * @param resource an ARN, a topic's name, or * for an action without a resource: only the action counts then
 */
export type May = (action: string, resource: string) => boolean

export function mayWith(rights: Rights, actions: readonly string[]): May {
  const entries = Object.entries(rights)
  return (action, resource) => {
    if (!actions.some((pattern) => fits(pattern, action))) return false
    if (resource === '*') return true
    const arn = parseArn(resource)
    const [service, name] = arn === undefined ? [TOPICS, resource] : [arn.service, nameIn(arn)]
    return entries.some(([pattern, names]) => fits(pattern, service) && names.some((one) => fits(one, name)))
  }
}

/**
 * Returns orders of stream/orders/consumer/billing:1700000000, offers of function:offers:live. The name of an MQTT
 * topic is all of it: sensors/1 of topic/sensors/1. Glue's tables are in databases, and its schemas in registries:
 * sales/orders of table/sales/orders.
 */
function nameIn({ service, resource }: Arn): string {
  if (service === 'glue') return resource.slice(resource.indexOf('/') + 1)
  if (service === 'iot' && resource.startsWith('topic/')) return resource.slice('topic/'.length)
  return /^[a-z]+[/:]([^/:]+)/.exec(resource)?.[1] ?? resource
}

/** Returns whether the pattern, in which * stands for any characters, fits the whole text. */
export function fits(pattern: string, text: string): boolean {
  const [first, ...rest] = pattern.split('*')
  if (rest.length === 0) return text === pattern
  const last = rest.pop()!
  if (!text.startsWith(first) || !text.endsWith(last) || text.length < first.length + last.length)
    return false
  let at = first.length
  const end = text.length - last.length
  for (const part of rest) {
    const found = text.indexOf(part, at)
    if (found < 0 || found + part.length > end) return false
    at = found + part.length
  }
  return true
}
