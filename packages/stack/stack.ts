/** The whole of Weir on this machine: servers, contracts, services, simulator. */
import { existsSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { applyTopics, registerContracts } from '@weir/catalogue'
import { readConfig } from '@weir/config'
import type { Topics } from '@weir/contracts'
import { furtherPorts, SERVICES, type Server, type Service, services } from '@weir/contracts/services.ts'
import { kafkaConfig, openKafka } from '@weir/kafka'
import { demandReady } from '@weir/service/probe.ts'
import type { PartName, StackConfig } from './config.ts'
import {
  furtherName,
  INBOX_SMTP,
  mailSettings,
  objectCredentials,
  PARTS,
  portsNeeded,
  stackEnvironment,
} from './config.ts'
import { fullDisk } from './disk.ts'
import { StackError } from './errors.ts'
import { cacheFolder, checkout, dataFolder, makeDataFolder, searchFolder } from './paths.ts'
import { freePorts } from './ports.ts'
import { preflight } from './preflight.ts'
import { startProcess, startTimeOf, untilReady } from './process.ts'
import { Progress } from './progress.ts'
import type { Place, Running } from './server.ts'
import { running } from './server.ts'
import { elasticsearch } from './servers/elasticsearch.ts'
import { kafka } from './servers/kafka.ts'
import { forgetKilledBroker } from './servers/kafka-return.ts'
import { objects } from './servers/objects.ts'
import { opensearch } from './servers/opensearch.ts'
import { redis } from './servers/redis.ts'
import { registry } from './servers/registry.ts'
import { StateFile } from './state.ts'
import { Supervisor } from './supervisor.ts'

/** Services are drained before the inbox and the servers that they write to are stopped. */
const STOP_ORDER: readonly (readonly PartName[])[] = [
  ['simulator'],
  ...SERVICES.map((name) => [name]),
  ['inbox'],
  ['registry'],
  ['kafka', 'redis', 'search', 'objects'],
]
/** V8's young generation may grow to 128 MiB by default; 16 MiB do the same work. */
const YOUNG_GENERATION = '--max-semi-space-size=8'

export class Stack {
  #config: StackConfig
  readonly #topics: Topics
  readonly #say: (line: string) => void
  readonly #progress: Progress
  readonly #supervisor: Supervisor
  readonly #state: StateFile
  #ready = false

  constructor(config: StackConfig, topics: Topics, say: (line: string) => void) {
    this.#config = config
    this.#topics = topics
    this.#say = say
    this.#progress = new Progress(say)
    this.#state = new StateFile(say)
    this.#supervisor = new Supervisor(
      say,
      () => this.#remember(),
      () => fullDisk(dataFolder()),
    )
  }

  /**
   * Starts everything and resolves when it is ready. Rejects with a StackError; the caller then ends the
   * started parts with stop().
   */
  async start(): Promise<void> {
    await preflight(portsNeeded(this.#config), [makeDataFolder(), cacheFolder()])
    this.#remember()
    await this.#prepare()
    const log = this.#kafkaAndRegistry()
    const inbox = this.#inbox()
    const started: Readonly<Record<Server, Promise<void>>> = {
      kafka: log,
      registry: log,
      redis: this.#redis(),
      search: this.#search(),
      objects: this.#objects(),
    }
    await Promise.all([
      inbox,
      started.objects,
      ...SERVICES.map(async (name) => {
        await Promise.all(services[name].needs.map((server) => started[server]))
        if (name === 'alerter') await inbox
        await this.#service(name)
      }),
    ])
    await this.#simulator()
    this.#ready = true
    this.#remember()
  }

  /** The parts that run here. */
  get parts(): StackConfig['parts'] {
    return this.#config.parts
  }

  /** The variables that direct services and commands to the parts. */
  get environment(): Readonly<Record<string, string>> {
    return stackEnvironment(this.#config)
  }

  /** Stops the parts in reverse order. Kills those that have not ended within 15 s. */
  async stop(): Promise<void> {
    await this.#supervisor.stop(STOP_ORDER)
    this.#state.forget()
  }

  kill(): void {
    this.#supervisor.kill()
  }

  /**
   * Downloads one after the other: each uses the whole connection, and Maven's store does not allow two
   * writers.
   */
  async #prepare(): Promise<void> {
    const needed = [
      this.#has('kafka') && kafka,
      this.#has('registry') && registry,
      this.#has('redis') && redis,
      this.#has('search') && this.#engine(),
    ]
    for (const server of needed)
      if (server) await this.#progress.of(`fetching ${server.name}`, server.prepare())
    if (this.#has('objects')) await this.#prepareObjects()
  }

  /** Nothing else needs Python, so without it everything but the object store is started. */
  async #prepareObjects(): Promise<void> {
    try {
      await this.#progress.of('fetching objects', objects.prepare())
    } catch (error) {
      if (!(error instanceof StackError)) throw error
      this.#say(`There will be no object store. ${error.message}`)
      const parts = new Set(this.#config.parts)
      parts.delete('objects')
      this.#config = { ...this.#config, parts }
    }
  }

  async #kafkaAndRegistry(): Promise<void> {
    if (!this.#has('kafka')) return
    const [controller] = (await freePorts(1)) as [number]
    const node = {
      ...place('kafka'),
      nodeId: 1,
      port: this.#config.ports.kafka,
      voters: [{ nodeId: 1, port: controller }],
    }
    await this.#run('kafka', async () => {
      await forgetKilledBroker(node)
      return kafka.start(node)
    })
    await Promise.all([this.#progress.of('creating topics', this.#createTopics()), this.#registry()])
  }

  async #registry(): Promise<void> {
    if (!this.#has('registry')) return
    const brokers = [this.environment.KAFKA_BROKERS!]
    const { url } = await this.#run('registry', () =>
      registry.start({ ...place('registry'), port: this.#config.ports.registry, brokers }),
    )
    await this.#progress.of('registering contracts', registerContracts(url, this.#topics))
  }

  async #createTopics(): Promise<void> {
    const { value, stop } = await openKafka(readConfig({ ...process.env, ...this.environment }, kafkaConfig))
    try {
      await applyTopics(value.admin, { topics: this.#topics, replicas: 1 })
    } finally {
      await stop()
    }
  }

  async #redis(): Promise<void> {
    if (this.#has('redis'))
      await this.#run('redis', () => redis.start({ ...place('redis'), port: this.#config.ports.redis }))
  }

  async #search(): Promise<void> {
    if (!this.#has('search')) return
    const engine = this.#engine()
    const data = searchFolder(engine.name, dataFolder())
    await this.#run('search', () =>
      engine.start({ ...place('search'), data, port: this.#config.ports.search }),
    )
  }

  async #objects(): Promise<void> {
    if (this.#has('objects'))
      await this.#run('objects', () =>
        objects.start({ ...place('objects'), port: this.#config.ports.objects }),
      )
  }

  async #service(name: Service): Promise<void> {
    if (!this.#has(name)) return
    const uses: readonly Server[] = services[name].uses
    const { ports } = this.#config
    await this.#program(name, `services/${name}/main.ts`, {
      HTTP_HOST: '127.0.0.1',
      HTTP_PORT: String(ports[name]),
      STATE_DIR: place(name).data,
      ...(name === 'alerter' ? mailSettings(this.environment) : {}),
      ...(uses.includes('objects') ? objectCredentials(this.environment) : {}),
      ...Object.fromEntries(
        furtherPorts(name).map((further) => [
          further.variable,
          String(ports[furtherName(name, further.name)]),
        ]),
      ),
    })
  }

  async #inbox(): Promise<void> {
    if (!this.#has('inbox')) return
    const { inbox, [INBOX_SMTP]: smtp } = this.#config.ports
    const ports = { INBOX_PORT: String(inbox), INBOX_SMTP_PORT: String(smtp) }
    await this.#program('inbox', 'tools/inbox/main.ts', ports)
  }

  /** Runs a program that says at /readyz when it is ready. */
  #program(name: Service | 'inbox', main: string, env: Readonly<Record<string, string>>): Promise<Running> {
    const url = `http://127.0.0.1:${this.#config.ports[name]}`
    return this.#run(name, async () => {
      const child = await this.#node(name, [YOUNG_GENERATION, main], env)
      return running(
        child,
        url,
        untilReady(child, () => demandReady(url)),
      )
    })
  }

  async #simulator(): Promise<void> {
    if (!this.#has('simulator')) return
    await this.#run('simulator', async () =>
      running(await this.#node('simulator', ['tools/weir/main.ts', 'simulate'], {}), '', Promise.resolve()),
    )
  }

  #node(name: PartName, args: readonly string[], env: Readonly<Record<string, string>>) {
    // The services are bound to the loopback address, so they let everybody in unless keys are configured, and
    // send notifications to receivers on this machine.
    const open =
      process.env.API_KEYS_FILE || process.env.AWS_ACCESS_KEYS_FILE
        ? {}
        : { ALLOW_ANONYMOUS: 'true', EGRESS_ALLOW: '127.0.0.0/8,::1/128' }
    return startProcess({
      name,
      command: process.execPath,
      args,
      cwd: checkout,
      log: place(name).log,
      env: { ...open, ...process.env, ...this.environment, ...env },
    })
  }

  #run(name: PartName, start: () => Promise<Running>): Promise<Running> {
    const { log } = place(name)
    if (existsSync(log)) renameSync(log, `${log}.previous`)
    return this.#progress.of(`starting ${name}`, this.#supervisor.run(name, start))
  }

  #has(part: PartName): boolean {
    return this.#config.parts.has(part)
  }

  #engine() {
    return this.#config.engine === 'opensearch' ? opensearch : elasticsearch
  }

  #remember(): void {
    const supervisor = { pid: process.pid, startTime: startTimeOf(process.pid)! }
    this.#state.write(() => {
      return {
        supervisor,
        ready: this.#ready,
        environment: this.environment,
        processes: this.#supervisor.processes(),
      }
    })
  }
}

const place = (name: PartName): Place => ({
  data: join(dataFolder(), name),
  log: join(dataFolder(), 'logs', `${name}.log`),
  recordClasses: true,
})

/** Removes the servers' data; keeps the logs. */
export function forgetData(): void {
  for (const part of PARTS) rmSync(place(part).data, { recursive: true, force: true })
  for (const engine of [opensearch, elasticsearch])
    rmSync(searchFolder(engine.name, dataFolder()), { recursive: true, force: true })
}
