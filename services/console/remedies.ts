/** What to do about a service that is not ready: one sentence for each cause. */
import { type Service, urlVariable } from '@weir/contracts/services.ts'
import type { Probed } from '@weir/service/probe.ts'

/** By the beginning of the dependency's name in /readyz; the first that fits holds. */
const OF_DEPENDENCIES: readonly (readonly [prefix: string, remedy: string])[] = [
  ['kafka', 'Start the brokers, or correct KAFKA_BROKERS; the service goes on by itself.'],
  [
    'reference tables in Redis',
    'Start Redis, or correct REDIS_URL; the tables are copied again by themselves.',
  ],
  ['sink ', 'Look at the search engine, at SEARCH_URL: records wait in their topic until it takes them.'],
  ['index ', 'Look at the search engine, at SEARCH_URL: records wait in their topic until it takes them.'],
  [
    'flow ',
    'Look at the dead letters below: a flow pauses for a minute when too many records are dead; else the log of the service says what it repeats.',
  ],
]

/** Returns undefined for a service that is ready. */
export function remedyFor(
  name: Service,
  url: string,
  { state, reason, missing }: Probed,
): string | undefined {
  if (state === 'ready') return undefined
  if (state === 'down')
    return `Start it: \`npx weir up\` on this machine, \`docker compose up -d ${name}\` in Compose, or look at its pod. If it runs elsewhere than ${url}, set ${urlVariable(name)}.`
  if (reason === 'stopping') return 'It stops; its supervisor starts it again.'
  if (reason.startsWith('no answer'))
    return `It runs and is too busy to answer: look at its CPU and memory, and at its log (.weir/logs/${name}.log on this machine).`
  const known = missing.flatMap((dependency) => remediesOf(dependency.name))
  if (known.length > 0) return [...new Set(known)].join(' ')
  return `The log of ${name} says what it repeats (.weir/logs/${name}.log on this machine); docs/runbook.md explains a partition that stands still.`
}

const remediesOf = (dependency: string): string[] =>
  OF_DEPENDENCIES.filter(([prefix]) => dependency.startsWith(prefix))
    .slice(0, 1)
    .map(([, remedy]) => remedy)
