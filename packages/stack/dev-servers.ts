/**
 * Keeps a set of servers running for a developer: tests started with WEIR_TEST_SERVERS=FILE reuse them
 * instead of starting their own. Usage: node packages/stack/dev-servers.ts FILE. Ctrl-C or SIGTERM ends the
 * servers.
 */
import { rmSync, writeFileSync } from 'node:fs'
import { nativeServers } from './shared-servers.ts'

const file = process.argv[2]
if (file === undefined) {
  console.error(
    'Usage: node packages/stack/dev-servers.ts FILE (FILE is written once all servers are ready).',
  )
  process.exit(2)
}

const servers = nativeServers()
const stop = async (): Promise<void> => {
  rmSync(file, { force: true })
  await servers.stop()
}
process.once('SIGINT', stop).once('SIGTERM', stop)

const [kafka, registry, redis, opensearch, objects] = await Promise.all([
  servers.kafka(),
  servers.registry(),
  servers.redis(),
  servers.opensearch(),
  servers.objects(),
])
writeFileSync(file, `${JSON.stringify({ kafka, registry, redis, opensearch, objects }, null, 2)}\n`)
console.log(`Servers are ready; run tests with WEIR_TEST_SERVERS=${file}. End them with: kill ${process.pid}`)
