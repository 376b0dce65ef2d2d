/** Asks URLs whether they want messages (AWS IoT developer guide, "Managing HTTP topic rule destinations"). */
import { randomBytes } from 'node:crypto'
import { type Account, iotArn } from '@weir/aws'
import { type Egress, EgressError } from '@weir/egress'
import type { Logger, Resource } from '@weir/service'
import { backoffMs, pause } from '@weir/timing'
import type { Destination } from './entries.ts'
import type { RuleSet } from './rule-set.ts'

export interface Confirmations {
  /** Sends the request; what comes of it is the state of the destination. */
  ask(destination: Destination): void
}

export interface ConfirmationsOptions {
  readonly account: Account
  readonly rules: Pick<RuleSet, 'change' | 'destinations'>
  readonly egress: Egress
  readonly publicUrl: string
  readonly log: Logger
}

const RANDOM_BYTES = 64
const TOKEN = /^([0-9a-f]{8})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{12})[0-9a-f]{128}$/
const TIMEOUT_MS = 15_000
const MAX_ANSWER_BYTES = 4096
const MAX_TRIES = 4
const FIRST_PAUSE_MS = 1000

export const destinationArn = (account: Account, id: string): string =>
  iotArn(account, `ruledestination/http/${id}`)

/** A token begins with the id of its destination, so that it is found without a search. */
export const newToken = (id: string): string =>
  id.replaceAll('-', '') + randomBytes(RANDOM_BYTES).toString('hex')

/** Returns the id of the destination that the token would confirm; undefined for other texts. */
export function destinationIn(token: string): string | undefined {
  const [, ...parts] = TOKEN.exec(token) ?? []
  return parts.length === 0 ? undefined : parts.join('-')
}

export function openConfirmations(options: ConfirmationsOptions): Resource<Confirmations> {
  const { account, rules, egress, publicUrl, log } = options
  const stopping = new AbortController()

  /** Returns why the request failed; undefined if it was taken. */
  const send = async ({
    id,
    url,
    token,
  }: Destination): Promise<{ reason: string; retriable: boolean } | undefined> => {
    const arn = destinationArn(account, id)
    const target = new URL(url)
    target.searchParams.set('confirmationToken', token)
    const enableUrl = `${publicUrl.replace(/\/$/, '')}/confirmdestination/${token}`
    const body = { arn, confirmationToken: token, enableUrl, messageType: 'DestinationConfirmation' }
    try {
      const { status } = await egress.request({
        url: target.href,
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'x-amz-rules-engine-message-type': 'DestinationConfirmation',
          'x-amz-rules-engine-destination-arn': arn,
        },
        body: JSON.stringify(body),
        timeoutMs: TIMEOUT_MS,
        maxResponseBytes: MAX_ANSWER_BYTES,
        signal: stopping.signal,
      })
      if (status >= 200 && status < 300) return undefined
      return {
        reason: `The confirmation URL answered with status ${status}.`,
        retriable: status >= 500 || status === 429,
      }
    } catch (error) {
      if (!(error instanceof EgressError)) throw error
      return { reason: error.message, retriable: error.retriable }
    }
  }

  const ask = async (destination: Destination): Promise<void> => {
    let failure: { reason: string; retriable: boolean } | undefined
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      if (tries > 0) await pause(backoffMs(tries - 1, FIRST_PAUSE_MS, TIMEOUT_MS), stopping.signal)
      failure = await send(destination)
      if (failure?.retriable !== true) break
    }
    if (failure === undefined) return
    const { reason } = failure
    await rules.change(() => {
      const found = rules.destinations.get(destination.id)
      if (found?.status !== 'IN_PROGRESS' || found.token !== destination.token) return []
      const value = {
        ...found,
        status: 'ERROR' as const,
        statusReason: reason.slice(0, 1000),
        updatedAt: Date.now(),
      }
      return [{ kind: 'destination', id: found.id, value }]
    })
  }

  return {
    value: {
      ask: (destination) =>
        void ask(destination).catch((error: unknown) => {
          if (!stopping.signal.aborted)
            log.error(
              { err: error, destination: destination.id },
              'a destination was not asked for its confirmation',
            )
        }),
    },
    stop: () => stopping.abort(),
  }
}
