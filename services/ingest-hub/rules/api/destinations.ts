/** The operations on destinations: URLs that have confirmed that they want messages. */
import { randomUUID, timingSafeEqual } from 'node:crypto'
import { iotArn } from '@weir/aws'
import { destinationArn, destinationIn, newToken } from '../confirmations.ts'
import type { Destination } from '../entries.ts'
import type { RuleChange } from '../rule-set.ts'
import { alreadyExists, invalidRequest, limitExceeded, notFound } from './errors.ts'
import type { IotContext, IotDeps } from './iot-api.ts'
import { nextPage } from './paging.ts'

interface Configuration {
  readonly httpUrlConfiguration?: { readonly confirmationUrl: string }
  readonly vpcConfiguration?: object
  readonly influxDBConfiguration?: object
}

interface ByArn {
  readonly arn: string
}

const MAX_DESTINATIONS = 1000
const MAX_RESULTS = 1000

export function destinationOperations({ account, rules, confirmations }: IotDeps) {
  const { destinations } = rules
  const arnOf = ({ id }: Pick<Destination, 'id'>): string => destinationArn(account, id)

  const find = (arn: string, context: IotContext): Destination => {
    context.authorize(arn)
    const prefix = iotArn(account, 'ruledestination/http/')
    const found = arn.startsWith(prefix) ? destinations.get(arn.slice(prefix.length)) : undefined
    if (found === undefined) throw notFound(`The destination ${arn.slice(0, 200)} does not exist.`)
    return found
  }

  const shown = (destination: Destination) => ({
    arn: arnOf(destination),
    status: destination.status,
    createdAt: new Date(destination.createdAt),
    lastUpdatedAt: new Date(destination.updatedAt),
    statusReason: destination.statusReason ?? undefined,
  })

  return {
    async CreateTopicRuleDestination(
      { destinationConfiguration }: { readonly destinationConfiguration: Configuration },
      context: IotContext,
    ) {
      const url = urlIn(destinationConfiguration)
      const id = randomUUID()
      context.authorize(destinationArn(account, id))
      const now = Date.now()
      const created: Destination = {
        id,
        url,
        status: 'IN_PROGRESS',
        statusReason: 'Awaiting confirmation. Confirmation message sent.',
        token: newToken(id),
        createdAt: now,
        updatedAt: now,
      }
      await rules.change(() => {
        for (const other of destinations.values())
          if (other.url === url)
            throw alreadyExists('There is a destination with this URL.', arnOf(other), other.id)
        if (destinations.size >= MAX_DESTINATIONS)
          throw limitExceeded(`An account may have at most ${MAX_DESTINATIONS} destinations.`)
        return put(created)
      })
      confirmations.ask(created)
      return { topicRuleDestination: { ...shown(created), httpUrlProperties: { confirmationUrl: url } } }
    },

    async ConfirmTopicRuleDestination({
      confirmationToken,
    }: {
      readonly confirmationToken: string
    }): Promise<object> {
      await rules.change(() => {
        const found = destinations.get(destinationIn(confirmationToken) ?? '')
        if (found === undefined || !isSame(found.token, confirmationToken))
          throw invalidRequest('The confirmation token is not valid.')
        if (found.status !== 'IN_PROGRESS') return []
        return put({ ...found, status: 'ENABLED', statusReason: null, updatedAt: Date.now() })
      })
      return {}
    },

    async GetTopicRuleDestination({ arn }: ByArn, context: IotContext) {
      await rules.catchUp()
      const found = find(arn, context)
      return { topicRuleDestination: { ...shown(found), httpUrlProperties: { confirmationUrl: found.url } } }
    },

    async ListTopicRuleDestinations(
      { maxResults = MAX_RESULTS, nextToken }: { readonly maxResults?: number; readonly nextToken?: string },
      context: IotContext,
    ) {
      await rules.catchUp()
      const all = [...destinations.values()]
        .filter((one) => context.may(arnOf(one)))
        .sort((a, b) => (a.id < b.id ? -1 : 1))
      const page = nextPage('destinations', all, ({ id }) => id, nextToken, maxResults)
      return {
        destinationSummaries: page.items.map((one) => ({
          ...shown(one),
          httpUrlSummary: { confirmationUrl: one.url },
        })),
        nextToken: page.nextToken,
      }
    },

    async UpdateTopicRuleDestination(
      { arn, status }: ByArn & { readonly status: string },
      context: IotContext,
    ): Promise<object> {
      let asked: Destination | undefined
      await rules.change(() => {
        const found = find(arn, context)
        const next = { ...found, ...changed(found, status), updatedAt: Date.now() }
        asked = next.status === 'IN_PROGRESS' ? next : undefined
        return put(next)
      })
      if (asked !== undefined) confirmations.ask(asked)
      return {}
    },

    async DeleteTopicRuleDestination({ arn }: ByArn, context: IotContext): Promise<object> {
      await rules.change(() => [{ kind: 'destination', id: find(arn, context).id, value: undefined }])
      return {}
    },
  }
}

const put = (value: Destination): RuleChange[] => [{ kind: 'destination', id: value.id, value }]

function urlIn(configuration: Configuration): string {
  const { httpUrlConfiguration, vpcConfiguration, influxDBConfiguration } = configuration
  if (vpcConfiguration !== undefined || influxDBConfiguration !== undefined)
    throw invalidRequest(
      'Weir has HTTP destinations only: the action kafka writes to its own brokers, and needs none.',
    )
  if (httpUrlConfiguration === undefined)
    throw invalidRequest('The destination has no configuration; give httpUrlConfiguration.')
  const { confirmationUrl } = httpUrlConfiguration
  const url = URL.parse(confirmationUrl)
  if (url === null || !['https:', 'http:'].includes(url.protocol))
    throw invalidRequest('The confirmationUrl must be a URL such as https://example.com/path.')
  return confirmationUrl
}

/** The changes of states that AWS IoT documents. */
function changed({ id, status }: Destination, wanted: string): Partial<Destination> {
  if (wanted === 'IN_PROGRESS')
    return {
      status: wanted,
      statusReason: 'Awaiting confirmation. Confirmation message sent.',
      token: newToken(id),
    }
  if (wanted === 'ENABLED' && (status === 'DISABLED' || status === 'ENABLED')) return { status: wanted }
  if (wanted === 'DISABLED' && (status === 'ENABLED' || status === 'DISABLED')) return { status: wanted }
  throw invalidRequest(
    `A destination that is ${status} cannot become ${wanted}: ENABLED and DISABLED follow each other, and IN_PROGRESS asks for another confirmation.`,
  )
}

/** Takes a time that does not depend on how much of the token is right. */
function isSame(token: string, shown: string): boolean {
  return token.length === shown.length && timingSafeEqual(Buffer.from(token), Buffer.from(shown))
}
