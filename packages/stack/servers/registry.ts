/**
 * Apicurio Registry with Kafka as its store. With its default store, it assigns ids afresh after a restart,
 * and old records are decoded with the wrong schema.
 */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { registryJournal } from '@weir/contracts'
import { findJava } from '../java.ts'
import { ensureTopic } from '../kafka-admin.ts'
import { cached, unpackArtifact } from '../maven.ts'
import { answers, untilReady } from '../process.ts'
import type { Place, Server } from '../server.ts'
import { running } from '../server.ts'
import { startJavaServer } from '../shared-classes.ts'
import { versions } from '../versions.ts'

export interface RegistryOptions extends Place {
  readonly port: number
  readonly brokers: readonly string[]
  /**
   * Properties of Kafka's Java client, for brokers that require authentication. The journal must then already
   * exist.
   */
  readonly client?: Readonly<Record<string, string>>
}

const application = (): Promise<string> =>
  cached(`apicurio-${versions.apicurio}`, (folder, scratch) =>
    unpackArtifact(`io.apicurio:apicurio-registry-app:${versions.apicurio}:tar.gz:all`, folder, scratch),
  )

export const registry: Server<RegistryOptions> = {
  name: 'registry',

  async prepare() {
    await application()
  },

  async start({ port, brokers, client, data, log, recordClasses }) {
    const java = findJava()
    const jar = join(await application(), `apicurio-registry-app-${versions.apicurio}-runner.jar`)
    if (client === undefined) await ensureTopic(brokers, registryJournal.name, registryJournal.configs)
    mkdirSync(data, { recursive: true })
    const child = await startJavaServer({
      name: 'registry',
      java,
      software: `apicurio-${versions.apicurio}`,
      record: recordClasses ? data : undefined,
      log,
      args: [
        '-Xmx256m',
        '-XX:+UseSerialGC',
        '-XX:TieredStopAtLevel=1',
        '-XX:+ExitOnOutOfMemoryError',
        '-jar',
        jar,
      ],
      env: {
        ...process.env,
        QUARKUS_HTTP_HOST: '127.0.0.1',
        QUARKUS_HTTP_PORT: String(port),
        QUARKUS_LOG_LEVEL: 'WARN',
        QUARKUS_HTTP_ACCESS_LOG_ENABLED: 'false',
        APICURIO_STORAGE_KIND: 'kafkasql',
        APICURIO_KAFKASQL_BOOTSTRAP_SERVERS: brokers.join(','),
        APICURIO_KAFKASQL_TOPIC: registryJournal.name,
        ...Object.fromEntries(
          Object.entries(client ?? {}).map(([name, value]) => [
            `APICURIO_KAFKA_COMMON_${name.toUpperCase().replaceAll('.', '_')}`,
            value,
          ]),
        ),
      },
    })
    const origin = `http://127.0.0.1:${port}`
    const url = `${origin}/apis/ccompat/v7`
    return running(
      child,
      url,
      untilReady(child, () => answers(`${origin}/health/ready`)).then(() => demandCompatibility(url)),
    )
  },
}

/**
 * Requires FULL_TRANSITIVE compatibility; the registry's default checks nothing. In a rolling upgrade or
 * rollback the old reader meets new data, so every version must be compatible with every other. While the
 * registry is still reading its journal, it refuses to set a level that the journal is about to set; the next
 * check then finds it set.
 */
export async function demandCompatibility(url: string): Promise<void> {
  for (let left = 20; (await compatibility(url)) !== LEVEL; left--) {
    const status = await setCompatibility(url)
    if (status < 300) return
    if (left === 0)
      throw new Error(`The registry at ${url} refused ${LEVEL} compatibility with status ${status}.`)
    await sleep(250)
  }
}

const LEVEL = 'FULL_TRANSITIVE'

const compatibility = async (url: string): Promise<string> =>
  (
    (await (await fetch(`${url}/config`, { signal: AbortSignal.timeout(10_000) })).json()) as {
      compatibilityLevel: string
    }
  ).compatibilityLevel

async function setCompatibility(url: string): Promise<number> {
  const response = await fetch(`${url}/config`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ compatibility: LEVEL }),
    signal: AbortSignal.timeout(10_000),
  })
  await response.body?.cancel()
  return response.status
}
