/**
 * Weir on three brokers that allow only what the ACLs permit. The services log in by SCRAM, each as itself,
 * except the indexer, which uses its certificate. The rights are those of `weir acl apply`, the topics those
 * of `weir topics apply`.
 */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { readConfig } from '@weir/config'
import { PRINCIPALS, type Principal } from '@weir/contracts/rights.ts'
import {
  ANY_FURTHER_PORTS,
  forServices,
  SERVICES,
  type Service,
  urlVariable,
} from '@weir/contracts/services.ts'
import { type Kafka, kafkaConfig, openKafka } from '@weir/kafka'
import { demandReady } from '@weir/service/probe.ts'
import { tieProcess } from '@weir/stack/lifeline.ts'
import { freePorts } from '@weir/stack/ports.ts'
import { startProcess, untilReady } from '@weir/stack/process.ts'
import { registry } from '@weir/stack/servers/registry.ts'
import { type SecureKafka, secureKafka, servers } from '@weir/testkit'

/** The principals that are identified by a certificate; the others have passwords. */
const BY_CERTIFICATE: ReadonlySet<string> = new Set(['indexer'])
const ADMIN = 'admin'
/** The users that can log in. */
type User = Principal | typeof ADMIN
const PASSWORD = 'only-for-tests'

export class Guarded {
  readonly brokers: SecureKafka
  readonly urls: Readonly<Record<Service, string>>
  readonly #folder: string
  readonly #env: NodeJS.ProcessEnv
  readonly #stops: (() => Promise<unknown>)[] = []

  private constructor(brokers: SecureKafka, folder: string, env: NodeJS.ProcessEnv, urls: Guarded['urls']) {
    this.brokers = brokers
    this.#folder = folder
    this.#env = env
    this.urls = urls
  }

  /** @param settings environment variables of the services, besides those that they need */
  static async start(settings: Readonly<Record<string, string>> = {}): Promise<Guarded> {
    const folder = await mkdtemp(join(tmpdir(), 'weir-guarded-'))
    const [registryPort, ...ports] = (await freePorts(1 + SERVICES.length)) as [number, ...number[]]
    // The search engine is needed last and is slow to start.
    const search = servers.search('opensearch')
    search.catch(() => {})
    const [brokers, redis] = await Promise.all([
      secureKafka({
        brokers: 3,
        users: Object.fromEntries([ADMIN, ...PRINCIPALS].map((name) => [name, PASSWORD])),
        superUser: ADMIN,
      }),
      servers.redis(),
    ])
    for (const name of BY_CERTIFICATE) {
      const { cert, key } = await brokers.client(name)
      await Promise.all([
        writeFile(join(folder, `${name}.crt`), cert),
        writeFile(join(folder, `${name}.key`), key),
      ])
    }
    const urls = forServices((name) => `http://127.0.0.1:${ports[SERVICES.indexOf(name)]}`)
    const env = {
      ...process.env,
      REGISTRY_URL: `http://127.0.0.1:${registryPort}/apis/ccompat/v7`,
      REDIS_URL: redis.url,
      ...Object.fromEntries(SERVICES.map((name) => [urlVariable(name), urls[name]])),
      TOPIC_REPLICAS: '3',
      KAFKA_REPLICATION: '3',
      ...ANY_FURTHER_PORTS,
      HTTP_HOST: '127.0.0.1',
      ALLOW_ANONYMOUS: 'true',
      LOG_LEVEL: 'info',
      ...settings,
    }
    const system = new Guarded(brokers, folder, env, urls)
    try {
      await system.#start(registryPort, search)
    } catch (error) {
      await system.stop()
      throw error
    }
    return system
  }

  async #start(registryPort: number, search: Promise<{ url: string }>): Promise<void> {
    await this.#succeed(ADMIN, 'acl', 'apply')
    // The registry's journal is one of the applied topics; the contracts wait for the registry.
    const applied = this.#applyTopics()
    applied.catch(() => {})
    await this.#journal()
    const server = await registry.start({
      port: registryPort,
      brokers: this.brokers.scram.brokers,
      data: join(this.#folder, 'registry'),
      log: join(this.#folder, 'registry.log'),
      client: {
        'security.protocol': 'SASL_SSL',
        'sasl.mechanism': 'SCRAM-SHA-512',
        'ssl.truststore.type': 'PEM',
        'ssl.truststore.location': this.brokers.caFile,
        'sasl.jaas.config': `org.apache.kafka.common.security.scram.ScramLoginModule required username="registry" password="${PASSWORD}";`,
      },
    })
    tieProcess(server.pid)
    this.#stops.push(() => server.stop())
    await Promise.all([server.ready, applied])
    this.#env.SEARCH_URL = (await search).url
    await Promise.all(SERVICES.map((name) => this.#service(name)))
  }

  /** Applies the topics as the chart does: a job with the principal `apply`, which waits for the registry. */
  async #applyTopics(): Promise<void> {
    const { code, output } = await this.#node(this.environment('apply'), 'tools/apply/main.ts')
    if (code !== 0) throw new Error(output)
  }

  async #journal(): Promise<void> {
    const { value, stop } = await this.kafka(ADMIN)
    while (!(await value.admin.topics()).some(({ name }) => name === 'kafkasql-journal')) await pause(100)
    await stop()
  }

  async #service(name: Service): Promise<void> {
    const child = await startProcess({
      name,
      command: process.execPath,
      args: [`services/${name}/main.ts`],
      cwd: process.cwd(),
      log: this.logOf(name),
      env: { ...this.#env, ...this.environment(name), HTTP_PORT: new URL(this.urls[name]).port },
    })
    tieProcess(child.pid)
    this.#stops.unshift(() => child.stop())
    await untilReady(child, () => demandReady(this.urls[name]), 240_000)
  }

  logOf(name: string): string {
    return join(this.#folder, `${name}.log`)
  }

  /** The variables with which the principal reaches the brokers. */
  environment(name: User): Record<string, string> {
    const { mtls, scram, caFile } = this.brokers
    const { brokers } = BY_CERTIFICATE.has(name) ? mtls : scram
    return {
      KAFKA_BROKERS: brokers.join(),
      KAFKA_TLS: 'true',
      KAFKA_TLS_CA: caFile,
      KAFKA_CLIENT_ID: name,
      ...(BY_CERTIFICATE.has(name)
        ? {
            KAFKA_TLS_CERT: join(this.#folder, `${name}.crt`),
            KAFKA_TLS_KEY: join(this.#folder, `${name}.key`),
          }
        : {
            KAFKA_SASL_MECHANISM: 'scram-sha-512',
            KAFKA_SASL_USERNAME: name,
            KAFKA_SASL_PASSWORD: PASSWORD,
          }),
    }
  }

  kafka(name: User, driver = 'platformatic'): Promise<{ value: Kafka; stop(): Promise<void> }> {
    return openKafka(readConfig({ ...this.environment(name), KAFKA_DRIVER: driver }, kafkaConfig))
  }

  /** Runs `weir …` as the principal. */
  weir(name: User, ...args: readonly string[]): Promise<{ code: number; output: string }> {
    return this.#node(this.environment(name), 'tools/weir/main.ts', ...args)
  }

  async #succeed(name: User, ...args: readonly string[]): Promise<void> {
    const { code, output } = await this.weir(name, ...args)
    if (code !== 0) throw new Error(output)
  }

  async #node(
    env: Readonly<Record<string, string>>,
    ...args: readonly string[]
  ): Promise<{ code: number; output: string }> {
    const child = spawn(process.execPath, args, {
      env: { ...this.#env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let output = ''
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (data: Buffer) => {
        output += data
      })
    const [code] = await once(child, 'exit')
    return { code, output }
  }

  /** Returns the number of documents of the source, once there are `expected`, or after a minute. */
  async indexed(source: string, expected: number): Promise<number> {
    const count = async (): Promise<number> => {
      const answer = await fetch(`${this.#env.SEARCH_URL}/taxi-enriched-*/_count`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ query: { term: { source } } }),
      })
      return answer.ok ? ((await answer.json()) as { count: number }).count : -1
    }
    for (const until = Date.now() + 60_000; (await count()) < expected && Date.now() < until; )
      await pause(500)
    // Waits for one more refresh of the index, in which a surplus document would appear.
    await pause(1500)
    return count()
  }

  /** Returns the lines of the services' logs that report a missing right. */
  async refusals(): Promise<string[]> {
    const logs = await Promise.all(SERVICES.map((name) => readFile(this.logOf(name), 'utf8')))
    // No service may read the log of transactions. One that a killed broker leaves open ends by itself there.
    const isRefusal = (line: string): boolean =>
      /not-authorized|AUTHORIZATION_FAILED/i.test(line) && !line.includes('"code":"lost-transaction"')
    return logs.flatMap((log) => log.split('\n').filter(isRefusal))
  }

  async stop(): Promise<void> {
    for (const stop of this.#stops) await stop()
    await this.brokers.stop()
    await rm(this.#folder, { recursive: true, force: true })
  }
}
