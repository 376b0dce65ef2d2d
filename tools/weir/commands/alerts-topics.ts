/** weir alerts topics, subscribe, publish. */
import { text as readAll } from 'node:stream/consumers'
import { UsageError } from '../command.ts'
import { EXIT } from '../exit.ts'
import { print, printJson } from '../terminal/output.ts'
import { table } from '../terminal/table.ts'
import type { AlertsApi } from './alerts-api.ts'

/** Opens the API, once the arguments are known to be right. */
export type Open = () => Promise<AlertsApi>

/** The options of `weir alerts`. */
export interface Options {
  readonly create: boolean
  readonly protocol?: string
  readonly filter?: string
  readonly raw: boolean
  readonly 'quiet-hours'?: string
  readonly subject?: string
  readonly attribute: readonly string[]
  readonly group?: string
  readonly key?: string
  readonly status?: string
  readonly severity?: string
  readonly topic?: string
  readonly subscription?: string
  readonly failed: boolean
  readonly all: boolean
  readonly limit?: string
  readonly json: boolean
}

export async function topics(
  open: Open,
  topic: string | undefined,
  { create, json }: Options,
): Promise<number> {
  if (create && topic === undefined)
    throw new UsageError('The topic is missing; write `weir alerts topics TOPIC --create`.')
  const api = await open()
  if (create) await api.createTopic(topic!)
  if (topic === undefined) {
    const rows = await api.topics()
    if (json) await printJson(rows)
    else if (rows.length === 0)
      await print('There are no topics yet; `weir alerts topics TOPIC --create` creates one.\n')
    else
      await print(
        table(
          ['TOPIC', 'SUBSCRIPTIONS', 'NOT CONFIRMED'],
          rows.map(({ arn, subscriptions, pending }) => [arn, subscriptions, pending]),
        ),
      )
    return EXIT.ok
  }
  const rows = await api.subscriptions(topic)
  if (json) await printJson(rows)
  else if (rows.length === 0)
    await print(
      `${api.topicArn(topic)} has no subscriptions; \`weir alerts subscribe ${topic} ENDPOINT\` adds one.\n`,
    )
  else
    await print(
      table(
        ['PROTOCOL', 'ENDPOINT', 'SUBSCRIPTION'],
        rows.map(({ arn, protocol, endpoint }) => [
          protocol,
          endpoint,
          arn === 'PendingConfirmation' ? 'not confirmed' : arn,
        ]),
      ),
    )
  return EXIT.ok
}

export async function subscribe(
  open: Open,
  topic: string,
  endpoint: string,
  options: Options,
): Promise<number> {
  const { filter, raw, json } = options
  const protocol = options.protocol ?? protocolOf(endpoint)
  const attributes = {
    ...(filter !== undefined && { FilterPolicy: jsonIn('--filter', filter) }),
    ...(raw && { RawMessageDelivery: 'true' }),
    ...(options['quiet-hours'] !== undefined && {
      WeirQuietHours: jsonIn('--quiet-hours', options['quiet-hours']),
    }),
  }
  const api = await open()
  const arn = await api.subscribe(topic, protocol, endpoint, attributes)
  if (json) await printJson({ subscription: arn })
  else {
    const next = /^(https?|email)/.test(protocol) ? ' It gets messages once it has confirmed.' : ''
    await print(`Subscribed ${endpoint}: ${arn}.${next}\n`)
  }
  return EXIT.ok
}

function protocolOf(endpoint: string): string {
  const [, name] = /^(?:arn:[^:]*:(sqs|lambda|firehose):|(https?):)/.exec(endpoint)?.filter(Boolean) ?? []
  if (name !== undefined) return name
  if (/^[^@\s]+@[^@\s]+$/.test(endpoint)) return 'email'
  throw new UsageError(`The protocol of ${endpoint} is not clear; give --protocol.`)
}

export async function publish(
  open: Open,
  topic: string,
  argument: string,
  options: Options,
): Promise<number> {
  const { key, status, severity, subject, group, attribute, json } = options
  if (key === undefined && (status !== undefined || severity !== undefined))
    throw new UsageError('--status and --severity are about an incident; give its --key.')
  const attributes: Record<string, string> = {}
  for (const one of attribute) {
    const equals = one.indexOf('=')
    if (equals < 1) throw new UsageError(`--attribute is "${one}"; it must be NAME=TEXT.`)
    attributes[one.slice(0, equals)] = one.slice(equals + 1)
  }
  for (const [name, value] of Object.entries({ key, status, severity }))
    if (value !== undefined) attributes[`weir.incident.${name}`] = value
  const message = argument === '-' ? await readAll(process.stdin) : argument
  const api = await open()
  const messageId = await api.publish(topic, message, { subject, group, attributes })
  await (json ? printJson({ messageId }) : print(`Published ${messageId}.\n`))
  return EXIT.ok
}

function jsonIn(option: string, source: string): string {
  try {
    JSON.parse(source)
    return source
  } catch (error) {
    throw new UsageError(`${option} is not JSON (${(error as Error).message}); write it in quotes.`)
  }
}
