import { urlVariable } from '@weir/contracts/services.ts'
import { PAUSED_TAG } from '@weir/deliveries'
import type { ShownDelivery } from '@weir/indexer/deliveries/routes.ts'
import { awsJsonApi } from '../aws-json-api.ts'
import { command, onlyPositionals, UsageError } from '../command.ts'
import { EXIT } from '../exit.ts'
import { hint } from '../nearest.ts'
import { serviceApi } from '../service-api.ts'
import { readSettings } from '../settings.ts'
import { print, printJson } from '../terminal/output.ts'
import { plainLine } from '../terminal/plain.ts'
import { duration, table } from '../terminal/table.ts'
import { readSigning } from './functions-api.ts'

const usage = `
weir deliveries [list] | show NAME | pause NAME | resume NAME

Delivery streams, which collect records and write them as objects, or send them to an HTTP endpoint. They are created by
Firehose's API. The indexer says how far they are; the API key WEIR_API_KEY needs the right to read delivery.NAME, unless
the service admits clients without one.

list      shows all, with the records that they collect and the objects that wait for their destination
show      shows one, with its settings, and why its objects are not delivered if they are not
pause     stops its delivery: its records wait in Kafka, those that were put directly for 48 hours
resume    goes on with what has waited

pause and resume set and remove the tag weir:paused by Firehose's API, signed with AWS_ACCESS_KEY_ID and
AWS_SECRET_ACCESS_KEY.

  --json  prints JSON

Examples
  weir deliveries
  weir deliveries show clicks
  weir deliveries pause clicks

Exit code 1: records of the delivery stream shown cannot be delivered at the moment, or the last ones were given up.
`

const ACTIONS = ['list', 'show', 'pause', 'resume']

export const deliveries = command({
  name: 'deliveries',
  summary: 'Delivery streams: their records, and the objects that wait',
  usage,
  options: { json: { type: 'boolean', default: false } },
  async run({ json }, [action = 'list', name, ...rest]) {
    if (!ACTIONS.includes(action))
      throw new UsageError(`There is no \`weir deliveries ${action}\`.${hint(action, ACTIONS)}`)
    onlyPositionals(rest, 0)
    const { urls, apiKey } = readSettings()
    const ask = serviceApi({ service: 'indexer', url: urls.indexer, apiKey })
    if (action === 'list') {
      onlyPositionals(name === undefined ? [] : [name], 0)
      const answer = (await (await ask('GET', 'deliveries')).json()) as { deliveries: ShownDelivery[] }
      await (json ? printJson(answer.deliveries) : print(listed(answer.deliveries)))
      return EXIT.ok
    }
    if (name === undefined)
      throw new UsageError(`The name is missing; write \`weir deliveries ${action} NAME\`.`)
    if (action === 'pause' || action === 'resume') {
      await setPaused(urls['ingest-hub'], name, action === 'pause')
      await print(`${name} is ${action === 'pause' ? 'paused' : 'delivered again'}.\n`)
      return EXIT.ok
    }
    const shown = (await (await ask('GET', `deliveries/${encodeURIComponent(name)}`)).json()) as ShownDelivery
    await (json ? printJson(shown) : print(details(shown)))
    return shown.failure === null ? EXIT.ok : EXIT.refused
  },
})

async function setPaused(url: string, DeliveryStreamName: string, isPaused: boolean): Promise<void> {
  const ask = awsJsonApi(
    {
      url,
      service: 'ingest-hub',
      variable: urlVariable('ingest-hub'),
      signedFor: 'firehose',
      target: 'Firehose_20150804',
    },
    readSigning(),
  )
  if (isPaused) await ask('TagDeliveryStream', { DeliveryStreamName, Tags: [{ Key: PAUSED_TAG }] })
  else await ask('UntagDeliveryStream', { DeliveryStreamName, TagKeys: [PAUSED_TAG] })
}

function listed(all: readonly ShownDelivery[]): string {
  if (all.length === 0) return "There are no delivery streams; create one by Firehose's API.\n"
  return table(
    ['NAME', 'STATUS', 'KIND', 'DESTINATION', 'COLLECTING', 'WAITING', 'OLDEST', 'FAILURE'],
    all.map(({ name, status, kind, destination, collecting, waiting, failure }) => [
      name,
      status,
      kind,
      destination,
      collecting < 0 ? null : collecting,
      waiting.objects,
      ageOf(waiting.oldestAt),
      failure && plainLine(failure).slice(0, 60),
    ]),
  )
}

function details(shown: ShownDelivery): string {
  const { waiting, collecting } = shown
  const objects = `${waiting.objects} with ${waiting.records} records${waiting.oldestAt === null ? '' : `, the oldest decided ${ageOf(waiting.oldestAt)} ago`}`
  return table(
    ['', shown.name],
    [
      ['status', shown.status],
      ['version', String(shown.version)],
      ['kind', shown.kind],
      ['destination', shown.destination],
      ...(shown.backup === null ? [] : [['backup', shown.backup]]),
      ['objects', `at ${shown.sizeMiB} MiB or ${shown.intervalSeconds} s, ${shown.compression}`],
      ['collecting', collecting < 0 ? 'not known: Kafka does not answer' : `${collecting} records`],
      ['waiting', objects],
      ['failure', shown.failure === null ? null : plainLine(shown.failure)],
    ],
  )
}

const ageOf = (at: number | null): string | null =>
  at === null ? null : duration(Math.max(0, Date.now() - at))
