/** An object store of a test's own, which it may kill. Suites that do not kill it share one (servers.ts). */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { tieProcess } from '@weir/stack/lifeline.ts'
import { freePorts } from '@weir/stack/ports.ts'
import type { Running } from '@weir/stack/server.ts'
import { objects } from '@weir/stack/servers/objects.ts'
import { temporaryFolder } from '@weir/stack/shared-servers.ts'

export interface ObjectStoreProcess {
  readonly url: string
  readonly pid: number
  /** Ends the store without warning. */
  kill(): Promise<void>
  /** Ends the store with SIGTERM. */
  end(): Promise<void>
  /** Starts it again on the same port, with its data. */
  restart(): Promise<void>
  /** Ends the store and removes its data. */
  stop(): Promise<void>
}

/** Resolves when the store answers. */
export async function startObjects(): Promise<ObjectStoreProcess> {
  const folder = temporaryFolder()
  const [port] = (await freePorts(1)) as [number]
  let store: Running
  const start = async (): Promise<void> => {
    store = await objects.start({ data: join(folder, 'objects'), log: join(folder, 'log'), port })
    tieProcess(store.pid)
    await store.ready
  }
  await start()
  return {
    url: `http://127.0.0.1:${port}`,
    get pid() {
      return store.pid
    },
    async kill() {
      store.kill('SIGKILL')
      await store.exited
    },
    end: () => store.stop(),
    restart: start,
    async stop() {
      await store.stop(3000)
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
