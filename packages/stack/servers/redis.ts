/** Redis, from the binaries inside the embedded-redis jar. Every write goes to the append-only file. */
import { chmodSync, mkdirSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { StackError } from '../errors.ts'
import { cached, unpackArtifact } from '../maven.ts'
import { startProcess, untilReady } from '../process.ts'
import type { Place, Server } from '../server.ts'
import { running } from '../server.ts'
import { versions } from '../versions.ts'

export interface RedisOptions extends Place {
  readonly port: number
}

/** The binaries in version 1.4.4 of the jar. It has none for Windows on ARM or for 32 bits. */
const BINARIES: Readonly<Record<string, string>> = {
  'linux-x64': 'redis-server-6.2.6-v5-linux-amd64',
  'linux-arm64': 'redis-server-6.2.7-linux-arm64',
  'darwin-x64': 'redis-server-6.2.6-v5-darwin-amd64',
  'darwin-arm64': 'redis-server-6.2.6-v5-darwin-arm64',
}

function binary(): string {
  const name = BINARIES[`${process.platform}-${process.arch}`]
  if (name === undefined)
    throw new StackError(
      `No package has Redis for ${process.platform} on ${process.arch}; use \`npm start -- --docker\`.`,
    )
  return name
}

const distribution = (): Promise<string> =>
  cached(`redis-${versions.embeddedRedis}`, async (folder, scratch) => {
    await unpackArtifact(
      `com.github.codemonstur:embedded-redis:${versions.embeddedRedis}:jar`,
      folder,
      scratch,
    )
    chmodSync(join(folder, binary()), 0o755)
  })

export const redis: Server<RedisOptions> = {
  name: 'redis',

  async prepare() {
    await distribution()
  },

  async start({ port, data, log }) {
    mkdirSync(data, { recursive: true })
    const child = await startProcess({
      name: 'redis',
      command: join(await distribution(), binary()),
      log,
      cwd: data,
      args: [
        '--port',
        String(port),
        '--bind',
        '127.0.0.1',
        '--appendonly',
        'yes',
        '--save',
        '',
        '--dir',
        data,
      ],
    })
    return running(
      child,
      `redis://127.0.0.1:${port}`,
      untilReady(child, () => pings(port)),
    )
  },
}

/** While Redis loads its data, it answers with an error instead of PONG. */
const pings = (port: number): Promise<boolean> =>
  new Promise((done, fail) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n')).setTimeout(2000, () =>
      socket.destroy(),
    )
    socket
      .once('data', (reply) => {
        done(reply.toString().startsWith('+PONG'))
        socket.destroy()
      })
      .once('error', fail)
      .once('close', () => done(false))
  })
