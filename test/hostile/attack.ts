/** The building blocks of attacks on every service, and the attacks that need only a port. */
import { once } from 'node:events'
import { connect as connectHttp2 } from 'node:http2'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** The properties of a service that its attackers know. */
export interface Victim {
  readonly url: string
}

/**
 * A way to take more than a fair share. It begins, continues until its signal aborts, and leaves nothing
 * behind.
 */
export interface Attack<V extends Victim = Victim> {
  readonly name: string
  /** Whether the attacker has shown a valid key: then honest clients may occasionally be told to wait. */
  readonly known: boolean
  /** The growth that is allowed for the service's memory, if it differs from the general limit. */
  readonly growthMb?: number
  run(victim: V, signal: AbortSignal): Promise<void>
}

export const MB = 1 << 20

/** Runs `count` copies of `one` in parallel, again and again. */
export async function flood(
  count: number,
  signal: AbortSignal,
  one: (i: number) => Promise<void>,
): Promise<void> {
  await Promise.all(
    Array.from({ length: count }, async (_, i) => {
      while (!signal.aborted) {
        await one(i).catch(() => {})
        await sleep(5)
      }
    }),
  )
}

/** Writes `bytes` on a connection and reads nothing; ends with the attack. */
export async function hold(
  socket: Socket,
  signal: AbortSignal,
  ...parts: readonly (string | Buffer)[]
): Promise<void> {
  socket.on('error', () => {})
  socket.pause()
  const end = (): void => {
    socket.destroy()
  }
  signal.addEventListener('abort', end, { once: true })
  for (const part of parts) socket.write(part)
  if (!socket.destroyed && !signal.aborted) await once(socket, 'close').catch(() => {})
  signal.removeEventListener('abort', end)
}

/** Sends a request whose body comes in single bytes, `pauseMs` apart. */
export async function trickle(
  victim: Victim,
  signal: AbortSignal,
  start: string,
  pauseMs: number,
): Promise<void> {
  const socket = open(victim)
  socket.setNoDelay(true)
  const over = hold(socket, signal, start)
  while (!signal.aborted && !socket.destroyed && socket.write(' '))
    await sleep(pauseMs, undefined, { signal })
  await over
}

export const open = ({ url }: Victim): Socket => connect(Number(new URL(url).port), new URL(url).hostname)
export const head = (
  path: string,
  headers: Readonly<Record<string, string | number>>,
  method = 'POST',
): string =>
  `${method} ${path} HTTP/1.1\r\nhost: localhost\r\n${Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('')}\r\n`

/**
 * Attacks by clients without a key.
 * @param path path of a POST
 * @param headers headers of a request that would be served if it were signed
 */
export const strangers = (path: string, headers: Readonly<Record<string, string>>): readonly Attack[] => [
  {
    name: 'a client without a key announces 24 MB and sends nothing',
    known: false,
    run: (victim, signal) =>
      flood(4, signal, (i) =>
        hold(
          open(victim),
          signal,
          head(path, { ...headers, 'content-length': i % 2 === 0 ? 16 * MB : 8 * MB }),
        ),
      ),
  },
  {
    name: 'a client without a key announces 24 MB over HTTP/2, and keeps its streams open',
    known: false,
    run: (victim, signal) =>
      flood(4, signal, async () => {
        const session = connectHttp2(victim.url)
        session.on('error', () => {})
        const streams = Array.from({ length: 100 }, () =>
          session.request(
            { ':method': 'POST', ':path': path, ...headers, 'content-length': 16 * MB },
            { endStream: false },
          ),
        )
        for (const stream of streams) stream.on('error', () => {})
        const beat = setInterval(() => {
          for (const stream of streams) if (!stream.destroyed) stream.write('x')
        }, 500)
        signal.addEventListener('abort', () => session.destroy(), { once: true })
        await Promise.race([once(session, 'close'), sleep(20_000, undefined, { signal })]).catch(() => {})
        clearInterval(beat)
        session.destroy()
      }),
  },
  {
    name: 'a client without a key sends short bodies byte by byte',
    known: false,
    run: (victim, signal) =>
      flood(200, signal, () =>
        trickle(victim, signal, head(path, { ...headers, 'content-length': 60_000 }), 1),
      ),
  },
  {
    name: '5,000 connections are open and send nothing',
    known: false,
    run: (victim, signal) =>
      flood(5000, signal, async () => {
        await hold(open(victim), signal)
        await sleep(2000, undefined, { signal })
      }),
  },
  {
    name: 'HTTP/2 sessions are open without a request',
    known: false,
    run: (victim, signal) =>
      flood(1000, signal, async (i) => {
        await sleep(i, undefined, { signal })
        await hold(
          open(victim),
          signal,
          i % 2 === 0 ? 'PRI' : 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0',
        )
      }),
  },
]
