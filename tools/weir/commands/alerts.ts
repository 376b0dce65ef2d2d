import { command, onlyPositionals, UsageError } from '../command.ts'
import { hint } from '../nearest.ts'
import { readSettings } from '../settings.ts'
import { type AlertsApi, openAlertsApi } from './alerts-api.ts'
import { deliveries, incidents } from './alerts-lists.ts'
import { publish, subscribe, topics } from './alerts-topics.ts'
import { readSigning } from './functions-api.ts'

const usage = `
weir alerts [topics [TOPIC]] | subscribe TOPIC ENDPOINT | publish TOPIC TEXT | deliveries | incidents [ACTION ID]

The alerter delivers notifications by SNS's API. A TOPIC is a name or an ARN. SNS's requests are signed with
AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (test, test) for AWS_REGION (us-east-1); deliveries and incidents
need the API key WEIR_API_KEY, unless the alerter admits clients without one.

topics       shows all topics, or the subscriptions of one
subscribe    subscribes an address. One over HTTP is asked to confirm first; nothing else is sent before
publish      sends a message to all subscriptions of a topic; - reads it from standard input
deliveries   shows the attempts of the last 15 minutes, with what the receivers answered
incidents    shows incidents that are not resolved; with acknowledge ID or resolve ID, changes one

  --create               topics: creates TOPIC if it is not there
  --protocol NAME        subscribe: http, https, lambda, sqs … (by the address, if not given)
  --filter JSON          subscribe: a filter policy on the attributes of messages
  --raw                  subscribe: the receiver gets the message alone, without SNS's envelope
  --quiet-hours JSON     subscribe: {"from":"22:00","to":"07:00","timeZone":"Europe/Berlin","except":["critical"]};
                         in this time the receiver gets nothing, then one summary
  --subject TEXT         publish: the subject
  --attribute NAME=TEXT  publish: an attribute. Repeatable
  --group ID             publish: the group, in a FIFO topic
  --key KEY              publish: the incident that the message belongs to. Alerts with the same key are one
  --status NAME          publish: open (repeated ones are not delivered), update, or resolved
  --severity NAME        publish: info, warning, error or critical (error)
  --topic NAME           deliveries, incidents: only those of a topic
  --subscription ARN     deliveries: only those of a subscription
  --failed               deliveries: only attempts that failed or were given up
  --all                  incidents: also those that are resolved
  --limit N              deliveries, incidents: how many at most, up to 500 (50)
  --json                 prints JSON

Examples
  weir alerts topics operations --create
  weir alerts subscribe operations https://pager.example.com/hook --filter '{"team":["ops"]}'
  weir alerts publish operations 'The disk of host-7 is full' --key disk/host-7 --severity critical
  weir alerts publish operations 'There is room again' --key disk/host-7 --status resolved
  weir alerts deliveries --topic operations --failed
  weir alerts incidents acknowledge 3d0c5a86-58f2-4d7b-9d3b-0c7a0f6d2b11
`

const ACTIONS = ['topics', 'subscribe', 'publish', 'deliveries', 'incidents']

const text = { type: 'string' } as const
const flag = { type: 'boolean', default: false } as const

export const alerts = command({
  name: 'alerts',
  summary: 'Topics, subscriptions and deliveries of notifications; incidents',
  usage,
  options: {
    create: flag,
    protocol: text,
    filter: text,
    raw: flag,
    'quiet-hours': text,
    subject: text,
    attribute: { type: 'string', multiple: true, default: [] },
    group: text,
    key: text,
    status: text,
    severity: text,
    topic: text,
    subscription: text,
    failed: flag,
    all: flag,
    limit: text,
    json: flag,
  },
  async run(options, [action = 'topics', first, second, ...rest]) {
    if (!ACTIONS.includes(action))
      throw new UsageError(`There is no \`weir alerts ${action}\`.${hint(action, ACTIONS)}`)
    onlyPositionals(rest, 0)
    const { urls, apiKey } = readSettings()
    const open = (): Promise<AlertsApi> =>
      openAlertsApi({ url: urls.alerter, apiKey, signing: readSigning() })
    switch (action) {
      case 'topics':
        onlyPositionals(second === undefined ? [] : [second], 0)
        return topics(open, first, options)
      case 'subscribe':
        return subscribe(open, given(first, 'topic', action), given(second, 'address', action), options)
      case 'publish':
        return publish(open, given(first, 'topic', action), given(second, 'message', action), options)
      case 'deliveries':
        onlyPositionals(
          [first, second].filter((one) => one !== undefined),
          0,
        )
        return deliveries(open, options)
      default:
        return incidents(open, first, second, options)
    }
  },
})

function given(argument: string | undefined, what: string, action: string): string {
  if (argument !== undefined) return argument
  const form = action === 'subscribe' ? 'subscribe TOPIC ENDPOINT' : 'publish TOPIC TEXT'
  throw new UsageError(`The ${what} is missing; write \`weir alerts ${form}\`.`)
}
