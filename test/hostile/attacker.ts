/**
 * A worker that attacks until it is told to end. Its data are a module of attacks, the names of some of them,
 * and what attackers know.
 */
import { parentPort, workerData } from 'node:worker_threads'
import type { Attack, Victim } from './attack.ts'

const { module, names, victim } = workerData as {
  readonly module: string
  readonly names: readonly string[]
  readonly victim: Victim
}
const ending = new AbortController()
parentPort!.once('message', () => ending.abort())
const { ATTACKS } = (await import(module)) as { readonly ATTACKS: readonly Attack[] }
const attacks = ATTACKS.filter(({ name }) => names.includes(name))
await Promise.allSettled(attacks.map((attack) => attack.run(victim, ending.signal)))
process.exit()
