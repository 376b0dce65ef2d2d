/** Workers of the Kinesis Client Library, each in its own process. */
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
  /** The name of the lease table, and of the consumer in fan-out mode. */
  readonly name: string
  readonly mode: 'polling' | 'fan-out'
  /** The folder for journals and logs. */
  readonly folder: string
}

export interface Worker {
  readonly name: string
  readonly journal: Journal
  /** Sends SIGKILL and waits for the exit. */
  kill(): Promise<void>
}

/** The maximum number of records that a worker receives at once when it polls. */
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
