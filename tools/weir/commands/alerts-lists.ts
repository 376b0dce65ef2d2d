/** weir alerts deliveries, incidents. */
import { onlyPositionals, UsageError, wholeNumber } from '../command.ts'
import { EXIT } from '../exit.ts'
import { hint } from '../nearest.ts'
import { print, printJson } from '../terminal/output.ts'
import { duration, table } from '../terminal/table.ts'
import type { DeliveryRow, IncidentRow } from './alerts-api.ts'
import type { Open, Options } from './alerts-topics.ts'

const CHANGES = ['acknowledge', 'resolve'] as const

export async function deliveries(open: Open, options: Options): Promise<number> {
  const { topic, subscription, failed, json } = options
  const query = {
    limit: String(limitOf(options)),
    ...(failed && { failed: 'true' }),
    ...(topic !== undefined && { topic: topic.slice(topic.lastIndexOf(':') + 1) }),
    ...(subscription !== undefined && {
      subscription: subscription.slice(subscription.lastIndexOf(':') + 1),
    }),
  }
  const api = await open()
  const { deliveries: shown, skipped } = await api.deliveries(query)
  if (json) await printJson(shown)
  else if (shown.length === 0) await print('There was no such attempt in the last 15 minutes.\n')
  else {
    await print(
      table(
        ['AT', 'TOPIC', 'OUTCOME', 'ATTEMPT', 'TOOK MS', 'ANSWER', 'NEXT', 'SUBSCRIPTION', 'MESSAGE'],
        shown.map(attemptRow),
      ),
    )
    if (skipped > 0) await print(`${skipped} attempts were not read, because there were too many.\n`)
  }
  return EXIT.ok
}

function attemptRow({ startedAt, topic, outcome, deadLetter, attempts, durationMs, ...rest }: DeliveryRow) {
  const { status, answer, dueAt, subscription, messageId } = rest
  const said = answer === null ? status : `${status}: ${answer.replaceAll(/\p{Cc}+/gu, ' ').slice(0, 60)}`
  const named = outcome === 'dead' ? (deadLetter ? 'dead letter' : 'given up') : outcome
  return [
    at(startedAt),
    topic,
    named,
    attempts,
    durationMs,
    said,
    dueAt === null ? null : at(dueAt),
    subscription,
    messageId,
  ]
}

export async function incidents(
  open: Open,
  action: string | undefined,
  id: string | undefined,
  options: Options,
): Promise<number> {
  const { topic, all, json } = options
  if (action === undefined || action === 'list') {
    onlyPositionals(id === undefined ? [] : [id], 0)
    const query = {
      limit: String(limitOf(options)),
      ...(topic !== undefined && { topic: topic.slice(topic.lastIndexOf(':') + 1) }),
      ...(!all && { status: 'unresolved' }),
    }
    const api = await open()
    const { incidents: rows, more } = await api.incidents(query)
    if (json) await printJson(rows)
    else if (rows.length === 0)
      await print(
        `There is no incident${all ? '' : ' that is not resolved'}. \`weir alerts publish TOPIC TEXT --key KEY\` opens one.\n`,
      )
    else {
      const titles = ['ID', 'STATUS', 'SEVERITY', 'SINCE', 'ALERTS', 'TOPIC', 'KEY', 'TITLE', 'BY']
      await print(table(titles, rows.map(incidentRow)))
      if (more) await print('There are more; raise --limit, or choose a --topic.\n')
    }
    return EXIT.ok
  }
  const change = CHANGES.find((one) => one === action)
  if (change === undefined)
    throw new UsageError(
      `There is no \`weir alerts incidents ${action}\`.${hint(action, [...CHANGES, 'list'])}`,
    )
  if (id === undefined)
    throw new UsageError(`The incident is missing; write \`weir alerts incidents ${change} ID\`.`)
  const api = await open()
  const incident = await api.change(id, change)
  await (json ? printJson(incident) : print(`${incident.key} in ${incident.topic} is ${incident.status}.\n`))
  return EXIT.ok
}

function incidentRow({
  id,
  status,
  severity,
  openedAt,
  alerts: count,
  topic,
  key,
  title,
  ...by
}: IncidentRow) {
  const since = `${duration(Math.max(0, Date.now() - openedAt))}`
  return [id, status, severity, since, count, topic, key, title, by.resolvedBy ?? by.acknowledgedBy]
}

const limitOf = ({ limit }: Options): number => wholeNumber('--limit', limit, 50, 1, 500)

const at = (ms: number): string => new Date(ms).toISOString().replace('T', ' ').slice(0, 19)
