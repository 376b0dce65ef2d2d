/**
 * Starts and stops Kafka and the registry once, so that they leave the archives of their classes
 * (shared-classes.ts). Tests end most of their servers by SIGKILL, which leaves none.
 */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { findJava } from './java.ts'
import { tieProcess } from './lifeline.ts'
import { freePorts } from './ports.ts'
import type { Place, Running } from './server.ts'
import { kafka } from './servers/kafka.ts'
import { registry } from './servers/registry.ts'
import { hasClasses } from './shared-classes.ts'
import { temporaryFolder } from './shared-servers.ts'
import { versions } from './versions.ts'

/** Java writes the archive after SIGTERM, which takes seconds. */
const STOP_MS = 60_000

/** Does nothing if the archives exist. */
export async function recordClasses(): Promise<void> {
  const java = findJava()
  if ([`kafka-${versions.kafka}`, `apicurio-${versions.apicurio}`].every((name) => hasClasses(name, java)))
    return
  const folder = temporaryFolder()
  const place = (name: string): Place => ({
    data: join(folder, name),
    log: join(folder, 'logs', `${name}.log`),
    recordClasses: true,
  })
  const [port, controller, registryPort] = (await freePorts(3)) as [number, number, number]
  const started: Running[] = []
  const start = async (starting: Promise<Running>): Promise<Running> => {
    const server = await starting
    started.push(server)
    tieProcess(server.pid)
    await server.ready
    return server
  }
  try {
    const voters = [{ nodeId: 1, port: controller }]
    const { url } = await start(kafka.start({ ...place('kafka'), nodeId: 1, port, voters }))
    await start(registry.start({ ...place('registry'), port: registryPort, brokers: [url] }))
  } finally {
    for (const server of started.reverse()) await server.stop(STOP_MS)
    rmSync(folder, { recursive: true, force: true })
  }
}
