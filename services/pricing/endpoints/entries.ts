/** The entries of weir.control.endpoints, and their checks before they are applied. */
import type { CheckState } from '@weir/control'
import { integer, list, number, object, read, type ShapedBy, text } from '@weir/topics/shape.ts'
import { contract } from '../models/features.ts'

/** SageMaker's pattern of the names of endpoints and variants (runtime API reference, InvokeEndpoint). */
const NAME = /^[a-zA-Z0-9](-*[a-zA-Z0-9])*$/
export const MAX_NAME = 63
const MAX_VERSIONS = 100
const MAX_VARIANTS = 10
const MAX_HISTORY = 20

export const endpointName = text({
  max: MAX_NAME,
  pattern: NAME,
  like: 'letters, digits and dashes, and begin and end with a letter or a digit',
})
/** A folder of the version files. */
export const versionName = text({
  max: 63,
  pattern: /^[a-zA-Z0-9][\w.-]*$/,
  like: 'letters, digits, _, . and -, and begin with a letter or a digit',
})
const time = integer({ min: 0, max: 8.64e15 })

const version = object({
  version: versionName,
  /** The hash of the model's file. Replicas refuse a file that has changed since. */
  sha256: text({ max: 64, pattern: /^[0-9a-f]{64}$/, like: '64 hexadecimal digits' }),
  bytes: integer({ min: 1, max: 2 ** 40 }),
  registeredAt: time,
})
export type Version = ShapedBy<typeof version>

const variant = object({
  name: endpointName,
  version: versionName,
  /** Its share of the requests, relative to the others. */
  weight: number({ min: 0, max: 1e6 }),
})
const shadow = object({ name: endpointName, version: versionName })

export const plan = object({
  variants: list(variant, { max: MAX_VARIANTS }),
  /** They get copies of the requests, and never answer. */
  shadows: list(shadow, { max: MAX_VARIANTS }),
})
/** What serves. Without variants, nothing does. */
export type Plan = ShapedBy<typeof plan>

export const settings = object({
  /** The time limit of a run of the model. */
  timeLimitMs: integer({ min: 1, max: 60_000 }),
  /** The longest time that a row waits for others to fill its batch. */
  gatherMs: integer({ min: 0, max: 1000 }),
})
export type Settings = ShapedBy<typeof settings>

const endpoint = object({
  name: endpointName,
  createdAt: time,
  contract,
  settings,
  versions: list(version, { max: MAX_VERSIONS }),
  plan,
  /** The plans before, the newest last. */
  history: list(plan, { max: MAX_HISTORY }),
})
export type EndpointState = ShapedBy<typeof endpoint>

export const checks = {
  endpoint: (state, entryId) => {
    if (read(endpoint, state, 'ignored').name !== entryId)
      throw new Error('The endpoint is stored under the name of another endpoint.')
  },
} satisfies Record<string, CheckState>

/** Returns the endpoint with another plan, and the former one in its history. */
export function withPlan(state: EndpointState, next: Plan): EndpointState {
  return { ...state, plan: next, history: [...state.history, state.plan].slice(-MAX_HISTORY) }
}

/** Returns the endpoint with the version, which must be new; with the oldest one left out that does not serve. */
export function withVersion(state: EndpointState, added: Version): EndpointState {
  const { versions } = state
  if (versions.length < MAX_VERSIONS) return { ...state, versions: [...versions, added] }
  const inUse = new Set([state.plan, ...state.history].flatMap(versionsOf))
  const oldest = versions.find(({ version: one }) => !inUse.has(one))
  return { ...state, versions: [...versions.filter((one) => one !== oldest), added].slice(-MAX_VERSIONS) }
}

export const versionsOf = ({ variants, shadows }: Plan): string[] =>
  [...variants, ...shadows].map(({ version: one }) => one)
