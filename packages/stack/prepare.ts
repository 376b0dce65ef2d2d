/**
 * Fetches every server that is not yet in the cache, so that no test waits for a download, and makes later
 * starts faster. Usage: node packages/stack/prepare.ts
 */
import { StackError } from './errors.ts'
import { findJava } from './java.ts'
import { Progress } from './progress.ts'
import { recordClasses } from './record-classes.ts'
import { elasticsearch } from './servers/elasticsearch.ts'
import { kafka } from './servers/kafka.ts'
import { objects } from './servers/objects.ts'
import { opensearch } from './servers/opensearch.ts'
import { redis } from './servers/redis.ts'
import { registry } from './servers/registry.ts'

const progress = new Progress((line) => process.stderr.write(`${line}\n`))
try {
  findJava()
  for (const server of [kafka, registry, redis, opensearch, elasticsearch, objects])
    await progress.of(`fetching ${server.name}`, server.prepare())
  await progress.of('recording the classes of Kafka and the registry', recordClasses())
} catch (error) {
  if (!(error instanceof StackError)) throw error
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 1
}
