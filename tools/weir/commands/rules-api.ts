/** The rules of the hub, over AWS IoT's API. */
import { signatureHeaders } from '@weir/aws/sigv4/sign.ts'
import { boundedText } from '@weir/service/probe.ts'
import { Refused, Unreachable } from '../command.ts'
import type { Signing } from './functions-api.ts'

export interface ListedRule {
  readonly ruleName: string
  readonly topicPattern?: string
  readonly ruleDisabled: boolean
  /** Seconds since the epoch. */
  readonly createdAt: number
}

export interface ShownRule {
  readonly sql: string
  readonly awsIotSqlVersion: string
}

export interface RulesApi {
  list(): Promise<ListedRule[]>
  get(name: string): Promise<ShownRule>
}

const TIMEOUT_MS = 30_000
const MAX_ANSWER_BYTES = 16 << 20

/** Calls reject with Unreachable if the hub does not answer, and with Refused if it refuses. */
export function openRulesApi(url: string, { region, ...credentials }: Signing): RulesApi {
  const ask = async <T>(path: string): Promise<T> => {
    const target = new URL(`${url}${path}`)
    const headers = signatureHeaders({ method: 'GET', url: target }, credentials, region, 'iot')
    const response = await fetch(target, { headers, signal: AbortSignal.timeout(TIMEOUT_MS) }).catch(
      (error: Error & { cause?: { code?: string } }) => {
        throw new Unreachable(
          `The hub at ${url} does not answer (${error.cause?.code ?? error.name}); start it or set HUB_URL.`,
        )
      },
    )
    const text = await boundedText(response, MAX_ANSWER_BYTES)
    if (response.ok) return JSON.parse(text) as T
    const said = `The hub answered ${response.status}: ${text.slice(0, 500)}`
    throw response.status < 500 ? new Refused(said) : new Unreachable(said)
  }
  return {
    async list() {
      const found: ListedRule[] = []
      for (let token: string | undefined; ; ) {
        const query = token === undefined ? '' : `?nextToken=${encodeURIComponent(token)}`
        const page = await ask<{ rules: ListedRule[]; nextToken?: string }>(`/rules${query}`)
        found.push(...page.rules)
        token = page.nextToken
        if (token === undefined) return found
      }
    },
    get: async (name) => (await ask<{ rule: ShownRule }>(`/rules/${encodeURIComponent(name)}`)).rule,
  }
}
