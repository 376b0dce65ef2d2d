/**
 * SMS and mobile push: signed requests to a gateway of the configuration, which has the contracts with the
 * carriers and the credentials of the platforms. docs/compatibility.md describes the requests.
 */
import { createHmac } from 'node:crypto'
import type { ConfigReader } from '@weir/config'
import { boundedText, reasonOf } from '@weir/service/probe.ts'
import type { Answer, Delivery, StoredMessage } from '../delivery.ts'
import { GATEWAY_POLICY } from '../schedule.ts'
import { UNCONFIRMED } from './answers.ts'
import type { Receiver } from './receiver.ts'

export interface GatewayConfig {
  readonly url: string
  readonly secret: string
}

export interface GatewayOptions {
  readonly config: GatewayConfig | undefined
  /** The setting that names the gateway. Deliveries share its lane. */
  readonly setting: string
  /** Returns the body of the request, or the answer if the recipient wants no messages. */
  requestFor(delivery: Delivery & { readonly message: StoredMessage }): object | Answer
  /** Remembers that the recipient wants no more messages, or is gone. */
  gone(recipient: string): Promise<void>
}

const TIMEOUT_MS = 15_000
const MAX_ANSWER_BYTES = 64 << 10
const MIN_SECRET_CHARACTERS = 16
/** Statuses that refuse the message. The gateway's other refusals are faults of the configuration. */
const FINAL = new Set([400, 413, 422])
const GONE = 410

export function gatewayReceiver({ config, setting, requestFor, gone }: GatewayOptions): Receiver {
  const post = async ({ url, secret }: GatewayConfig, id: string, request: object): Promise<Answer> => {
    const body = JSON.stringify(request)
    const timestamp = String(Date.now())
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'idempotency-key': id,
          'weir-timestamp': timestamp,
          'weir-signature': `v1=${gatewaySignature(secret, timestamp, body)}`,
        },
        body,
        redirect: 'manual',
        signal: AbortSignal.timeout(TIMEOUT_MS),
      })
      const text = await boundedText(response, MAX_ANSWER_BYTES)
      return { verdict: verdictOf(response.status), status: String(response.status), text }
    } catch (error) {
      return { verdict: 'retry', status: 'unreachable', text: reasonOf(error as Error) }
    }
  }

  return {
    async deliver({ message, ...delivery }) {
      if (message === undefined) return UNCONFIRMED
      if (config === undefined)
        return { verdict: 'retry', status: 'not-configured', text: `${setting} is not set.` }
      const request = requestFor({ ...delivery, message })
      if ('verdict' in request) return request
      const { endpoint, id } = delivery.subscription
      const answer = await post(config, `${delivery.messageId}/${id}`, request)
      if (answer.status === String(GONE)) await gone(endpoint)
      return answer
    },
    terms: () => ({ policy: GATEWAY_POLICY, maxPerSecond: undefined, lane: setting }),
  }
}

/** HMAC-SHA-256 over TIMESTAMP.BODY, in hexadecimal digits. */
export function gatewaySignature(secret: string, timestamp: string, body: string): string {
  return createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex')
}

function verdictOf(status: number): Answer['verdict'] {
  if (status >= 200 && status < 300) return 'delivered'
  return FINAL.has(status) || status === GONE ? 'dead' : 'retry'
}

export function gatewaysConfig(reader: ConfigReader): Record<'sms' | 'push', GatewayConfig | undefined> {
  const read = (name: string, doc: string): string | undefined => {
    const url = reader.optional(name, `${doc} If not set, such messages are refused.`)
    if (url !== undefined && !/^https?:$/.test(URL.parse(url)?.protocol ?? ''))
      reader.problem(`${name} is "${url}"; it must be a URL such as https://gateway.example.com/messages.`)
    return url
  }
  const sms = read('ALERTER_SMS_GATEWAY_URL', 'The gateway to which text messages are posted.')
  const push = read('ALERTER_PUSH_GATEWAY_URL', 'The gateway to which messages of mobile push are posted.')
  const secret = reader.secret(
    'ALERTER_GATEWAY_SECRET',
    'The secret with which requests to the gateways are signed, 16 characters and more.',
  )
  if ((sms ?? push) !== undefined && (secret?.length ?? 0) < MIN_SECRET_CHARACTERS)
    reader.problem(
      `ALERTER_GATEWAY_SECRET must have at least ${MIN_SECRET_CHARACTERS} characters if a gateway is configured.`,
    )
  const gateway = (url: string | undefined) => (url && secret ? { url, secret } : undefined)
  return { sms: gateway(sms), push: gateway(push) }
}
