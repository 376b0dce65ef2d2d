/** URLs that have confirmed that they want messages. */
import { type Egress, EgressError } from '@weir/egress'
import type { HttpParameters } from '../../actions/outside.ts'
import type { RuleSet } from '../../rule-set.ts'
import { answerOf, type Receiver } from '../receiver.ts'

const TIMEOUT_MS = 15_000
const MAX_RESPONSE_BYTES = 16_384

export function httpReceiver(egress: Egress, rules: Pick<RuleSet, 'destinations'>): Receiver<HttpParameters> {
  /** Why the URL gets no messages; undefined if it does. */
  const refusal = ({ url, confirmationUrl }: HttpParameters): string | undefined => {
    const destination = rules.destinations.values().find((one) => one.url === confirmationUrl)
    if (destination === undefined)
      return `There is no destination for the confirmation URL ${confirmationUrl.slice(0, 200)}; create one with CreateTopicRuleDestination.`
    if (destination.status !== 'ENABLED')
      return `The destination ${confirmationUrl.slice(0, 200)} is ${destination.status}, not ENABLED.`
    return isBelow(url, confirmationUrl)
      ? undefined
      : `The URL ${url.slice(0, 200)} does not begin with its confirmation URL ${confirmationUrl.slice(0, 200)}.`
  }

  return {
    resource: ({ url }) => URL.parse(url)?.origin ?? url.slice(0, 200),
    async send(parameters, { payload }) {
      const reason = refusal(parameters)
      if (reason !== undefined) return { verdict: 'failed', text: reason }
      try {
        const { status, body } = await egress.request({
          url: parameters.url,
          method: 'POST',
          headers: { 'content-type': 'application/json', ...lowerCase(parameters.headers) },
          body: payload,
          timeoutMs: TIMEOUT_MS,
          maxResponseBytes: MAX_RESPONSE_BYTES,
        })
        return answerOf(status, body.toString())
      } catch (error) {
        if (!(error instanceof EgressError)) throw error
        return { verdict: error.retriable ? 'retry' : 'failed', text: error.message }
      }
    },
  }
}

/** Whether the URL has the same origin, and a path that continues the other's. */
function isBelow(url: string, confirmationUrl: string): boolean {
  const [one, other] = [URL.parse(url), URL.parse(confirmationUrl)]
  if (one === null || other === null || one.origin !== other.origin) return false
  const folder = other.pathname.endsWith('/') ? other.pathname : `${other.pathname}/`
  return one.pathname === other.pathname || one.pathname.startsWith(folder)
}

const lowerCase = (headers: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
