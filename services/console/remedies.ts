/** Remedies for a service that is not ready: one sentence for each cause. */
import { type Service, urlVariable } from '@weir/contracts/services.ts'
import type { Probed } from '@weir/service/probe.ts'

/** The remedies, with the prefix of the dependency's name in /readyz. The first match applies. */
const OF_DEPENDENCIES: readonly (readonly [prefix: string, remedy: string])[] = [
  ['kafka', 'Start the brokers, or correct KAFKA_BROKERS. The service then continues by itself.'],
  [
    'reference tables in Redis',
    'Start Redis, or correct REDIS_URL. The service then copies the tables again by itself.',
  ],
  ['sink ', 'Check the search engine at SEARCH_URL. Records wait in their topic until it accepts them.'],
  ['index ', 'Check the search engine at SEARCH_URL. Records wait in their topic until it accepts them.'],
  [
    'flow ',
    'Check the dead letters below: a flow pauses for a minute if too many of its records are dead. Otherwise the log of the service has the error that it retries.',
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
  if (reason === 'stopping') return 'It is stopping. Its supervisor will start it again.'
  if (reason.startsWith('no answer'))
    return `It is running, but too busy to answer. Check its CPU and memory, and its log (.weir/logs/${name}.log on this machine).`
  const known = missing.flatMap((dependency) => remediesOf(dependency.name))
  if (known.length > 0) return [...new Set(known)].join(' ')
  return `Its log has the error that it retries (.weir/logs/${name}.log on this machine). docs/runbook.md explains a partition that is stuck.`
}

const remediesOf = (dependency: string): string[] =>
  OF_DEPENDENCIES.filter(([prefix]) => dependency.startsWith(prefix))
    .slice(0, 1)
    .map(([, remedy]) => remedy)
