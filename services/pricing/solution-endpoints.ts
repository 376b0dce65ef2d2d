/** The endpoints that solutions declare: created with their first version if they do not exist. */
import type { Logger } from '@weir/service'
import type { EndpointDefinition, Solution } from '@weir/solutions'
import { create, register, replacePlan } from './endpoints/changes.ts'
import type { Endpoints } from './endpoints/endpoints.ts'

/** The longest time that a row waits for others: a function asks about many rows at once. */
const GATHER_MS = 1

/** Returns the endpoints of the solutions by name. Throws for two with the same name. */
export function endpointsOf(solutions: readonly Solution[]): ReadonlyMap<string, EndpointDefinition> {
  const found = new Map<string, EndpointDefinition>()
  for (const [name, definition] of solutions.flatMap(({ endpoints = {} }) => Object.entries(endpoints))) {
    if (found.has(name)) throw new Error(`Two solutions have an endpoint named ${name}; rename one.`)
    found.set(name, definition)
  }
  return found
}

/**
 * Resolves when all endpoints exist whose first version can serve. Others are logged and left out: whoever asks them gets an
 * error, and tables do not depend on them.
 */
export async function ensureEndpoints(
  wanted: ReadonlyMap<string, EndpointDefinition>,
  { definitions, versions }: Endpoints,
  log: Pick<Logger, 'error'>,
): Promise<void> {
  for (const [name, { contract, version, timeLimitMs }] of wanted) {
    if (definitions.byName.has(name)) continue
    const examined = await versions.examine(name, version, contract).catch((error: Error) => {
      log.error({ err: error, endpoint: name, version }, 'the endpoint of a solution cannot be created')
    })
    if (examined === undefined) continue
    const now = Date.now()
    await definitions.change(name, (existing) => {
      if (existing !== undefined) return existing
      const settings = { timeLimitMs, gatherMs: GATHER_MS }
      const empty = create({ name, contract, settings }, undefined, definitions.byName.size, now)
      const registered = register(empty, name, { ...examined, registeredAt: now })
      const variants = [{ name: `v${version}`, version, weight: 1 }]
      return { ...replacePlan(registered, name, { variants, shadows: [] }), history: [] }
    })
  }
}
