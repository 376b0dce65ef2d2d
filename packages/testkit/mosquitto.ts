/** Mosquitto, an MQTT broker, from Debian's packages. */
import { once } from 'node:events'
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { debianPackage } from '@weir/stack/debian.ts'
import { freePorts } from '@weir/stack/ports.ts'
import { type ChildProcess, startProcess, untilReady } from '@weir/stack/process.ts'

/** The program, and the libraries that a small Debian does not have. */
const PACKAGES = ['mosquitto', 'libwrap0', 'libdlt2']

export interface Mosquitto {
  readonly port: number
  readonly pid: number
  /** Ends the broker without warning. */
  kill(): Promise<void>
  /** Starts it again on the same port. Sessions and their messages are there if it was stopped. */
  restart(): Promise<void>
  /** Stops the broker, which stores its sessions. */
  pause(): Promise<void>
  stop(): Promise<void>
}

/**
 * @param settings lines of mosquitto.conf besides those for the port and the data; by default every client is
 * admitted
 */
export async function startMosquitto(
  settings: readonly string[] = ['allow_anonymous true'],
): Promise<Mosquitto> {
  const folders = await Promise.all(PACKAGES.map(debianPackage))
  const program = join(folders[0], 'usr/sbin/mosquitto')
  const libraries = folders.flatMap((folder) =>
    ['lib', 'usr/lib'].flatMap((lib) => subfolders(join(folder, lib))),
  )
  const [port] = await freePorts(1)
  const folder = mkdtempSync(join(tmpdir(), 'weir-mosquitto-'))
  const data = join(folder, 'data/')
  mkdirSync(data)
  // As root it gives up its rights, unless its user is root.
  chmodSync(folder, 0o755)
  const conf = join(folder, 'mosquitto.conf')
  const user = process.getuid?.() === 0 ? ['user root'] : []
  const persistence = ['persistence true', `persistence_location ${data}`, 'max_queued_messages 0']
  writeFileSync(conf, [`listener ${port} 127.0.0.1`, ...user, ...persistence, ...settings, ''].join('\n'))
  let broker: ChildProcess
  const start = async (): Promise<void> => {
    broker = await startProcess({
      name: 'mosquitto',
      command: program,
      args: ['-c', conf],
      env: { ...process.env, LD_LIBRARY_PATH: libraries.join(':') },
      log: join(folder, 'mosquitto.log'),
      cwd: folder,
    })
    await untilReady(broker, () => answers(port))
  }
  await start()
  return {
    port,
    get pid() {
      return broker.pid
    },
    async kill() {
      broker.kill('SIGKILL')
      await broker.exited
    },
    pause: () => broker.stop(),
    restart: start,
    async stop() {
      await broker.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function subfolders(folder: string): string[] {
  try {
    return readdirSync(folder).map((name) => join(folder, name))
  } catch {
    return []
  }
}

async function answers(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}
