/** The endpoints that solutions declare: created with their first version if they do not exist. */
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

/** Resolves when all endpoints exist. Rejects with a sentence if the first version of a new one cannot serve. */
export async function ensureEndpoints(
  wanted: ReadonlyMap<string, EndpointDefinition>,
  { definitions, versions }: Endpoints,
): Promise<void> {
  for (const [name, { contract, version, timeLimitMs }] of wanted) {
    if (definitions.byName.has(name)) continue
    const examined = await versions.examine(name, version, contract).catch((error: Error) => {
      throw new Error(`The endpoint ${name} cannot begin with version ${version}: ${error.message}`, {
        cause: error,
      })
    })
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
