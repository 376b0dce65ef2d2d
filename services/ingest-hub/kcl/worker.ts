/** Workers of the Kinesis Client Library, each a process of its own. */
import { join } from 'node:path'
import { findJava } from '@weir/stack/java.ts'
import { tieProcess } from '@weir/stack/lifeline.ts'
import { startProcess } from '@weir/stack/process.ts'
import { Journal } from './journal.ts'
import { kinesisClient } from './libraries.ts'

export interface Application {
  readonly kinesisUrl: string
  readonly dynamodbUrl: string
  readonly stream: string
  /** Names the table of leases, and the consumer where it fans out. */
  readonly name: string
  readonly mode: 'polling' | 'fan-out'
  /** For journals and logs. */
  readonly folder: string
}

export interface Worker {
  readonly name: string
  readonly journal: Journal
  /** SIGKILL. */
  kill(): Promise<void>
}

/** The most records that a worker is given at once when it polls. */
export const BATCH = 1000

export async function startWorker(
  { kinesisUrl, dynamodbUrl, stream, name: application, mode, folder }: Application,
  name: string,
): Promise<Worker> {
  const libraries = await kinesisClient()
  const path = join(folder, `${application}-${name}.journal`)
  const child = await startProcess({
    name: `KCL ${name}`,
    command: findJava().command,
    log: join(folder, `${application}-${name}.log`),
    args: [
      '-Xmx384m',
      '-XX:+UseSerialGC',
      '-XX:TieredStopAtLevel=1',
      '-cp',
      `${libraries}/*`,
      join(import.meta.dirname, 'KclWorker.java'),
      kinesisUrl,
      dynamodbUrl,
      stream,
      application,
      name,
      path,
      mode,
      String(BATCH),
    ],
  })
  tieProcess(child.pid)
  return {
    name,
    journal: new Journal(name, path),
    async kill() {
      child.kill('SIGKILL')
      await child.exited
    },
  }
}
