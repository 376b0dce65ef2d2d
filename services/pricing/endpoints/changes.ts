/** Changes of endpoints that people make. Each is checked against the endpoint as it was before. */
import { type Contract, contractFault } from '../models/features.ts'
import {
  type EndpointState,
  type Plan,
  type Settings,
  type Version,
  versionsOf,
  withPlan,
  withVersion,
} from './entries.ts'

/** A change that cannot be made. The message is a sentence. */
export class ChangeRefused extends Error {
  override readonly name = 'ChangeRefused'
  readonly code: 'unknown' | 'conflict' | 'invalid'

  constructor(code: ChangeRefused['code'], message: string) {
    super(message)
    this.code = code
  }
}

const MAX_ENDPOINTS = 100

export interface Wanted {
  readonly name: string
  readonly contract: Contract
  readonly settings: Settings
}

/** Creates the endpoint, or changes its settings. Its contract stays: clients and models depend on it. */
export function create(
  { name, contract, settings }: Wanted,
  before: EndpointState | undefined,
  count: number,
  now: number,
): EndpointState {
  if (before !== undefined) {
    const fault = contractFault(before.contract, contract)
    if (fault !== undefined)
      throw new ChangeRefused(
        'conflict',
        `The endpoint ${name} has another contract; create another endpoint for this one. ${fault}`,
      )
    return { ...before, settings }
  }
  if (count >= MAX_ENDPOINTS)
    throw new ChangeRefused('conflict', `There are ${count} endpoints already; delete one that is not used.`)
  const plan = { variants: [], shadows: [] }
  return { name, createdAt: now, contract, settings, versions: [], plan, history: [] }
}

export function register(before: EndpointState | undefined, name: string, version: Version): EndpointState {
  const state = existing(before, name)
  const same = state.versions.find((one) => one.version === version.version)
  if (same === undefined) return withVersion(state, version)
  if (same.sha256 === version.sha256) return state
  throw new ChangeRefused(
    'conflict',
    `Version ${version.version} is registered with another model; give this one another name.`,
  )
}

export function replacePlan(before: EndpointState | undefined, name: string, plan: Plan): EndpointState {
  const state = existing(before, name)
  const unknown = versionsOf(plan).find((one) => state.versions.every(({ version }) => version !== one))
  if (unknown !== undefined)
    throw new ChangeRefused('invalid', `Version ${unknown} of ${name} is not registered; register it first.`)
  const names = [...plan.variants, ...plan.shadows].map((one) => one.name)
  const twice = names.find((one, at) => names.indexOf(one) !== at)
  if (twice !== undefined) throw new ChangeRefused('invalid', `Two variants are named ${twice}.`)
  if (plan.variants.length > 0 && plan.variants.every(({ weight }) => weight === 0))
    throw new ChangeRefused('invalid', 'All weights are 0, so no variant would answer.')
  if (plan.variants.length === 0 && plan.shadows.length > 0)
    throw new ChangeRefused('invalid', 'Shadows need a variant that answers.')
  return withPlan(state, plan)
}

/** Restores the plan before the newest one. */
export function rollBack(before: EndpointState | undefined, name: string): EndpointState {
  const state = existing(before, name)
  const plan = state.history.at(-1)
  if (plan === undefined) throw new ChangeRefused('conflict', `The variants of ${name} were never changed.`)
  return { ...state, plan, history: state.history.slice(0, -1) }
}

export function existing(state: EndpointState | undefined, name: string): EndpointState {
  if (state === undefined) throw new ChangeRefused('unknown', `There is no endpoint ${name}.`)
  return state
}
