/** A worker that attacks until it is told to end. Its data are the names of attacks and what attackers know. */
import { parentPort, workerData } from 'node:worker_threads'
import { ATTACKS } from './attacks.ts'
import type { Victim } from './target.ts'

const { names, victim } = workerData as { readonly names: readonly string[], readonly victim: Victim }
const ending = new AbortController()
parentPort!.once('message', () => ending.abort())
const attacks = ATTACKS.filter(({ name }) => names.includes(name))
await Promise.allSettled(attacks.map((attack) => attack.run(victim, ending.signal)))
process.exit()
