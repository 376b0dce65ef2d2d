/** Tests that take seconds: the death of the service, exhaustion of the heap, endless printing. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { openEnvironment } from './environment.ts'
import type { EnvironmentOptions } from './options.ts'

const directory = realpathSync(mkdtempSync(join(tmpdir(), 'runtime-')))
writeFileSync(
  join(directory, 'index.mjs'),
  `
  import fs from 'node:fs'
  const kept = []
  export const idle = async () => 1
  export const loop = async () => { while (true) {} }
  export const heap = async () => { while (true) kept.push({ a: [kept.length], b: 'x' + kept.length }) }
  export const print = async () => { const line = 'x'.repeat(200); while (true) console.log(line) }
  export const feeds = async () => { const text = '\\n'.repeat(65536); while (true) process.stdout.write(text) }
  const frame = (type, length) => {
    const bytes = Buffer.alloc(13 + length)
    bytes.writeUInt32LE(length)
    bytes[4] = type
    return bytes
  }
  const flood = (bytes) => {
    for (let at = 0; ;) try { at = (at + fs.writeSync(3, bytes, at)) % bytes.length } catch {}
  }
  export const frames = async () => flood(Buffer.concat(Array(5000).fill(frame(8, 0))))
  export const bodies = async () => flood(frame(8, 6_000_000))`,
)
afterAll(() => rmSync(directory, { recursive: true, force: true }))

const options = (handler: string, more: Partial<EnvironmentOptions> = {}): EnvironmentOptions => ({
  functionName: 'f',
  functionArn: 'arn:aws:lambda:eu-west-1:000000000000:function:f',
  version: '1',
  directory,
  handler: `index.${handler}`,
  environment: {},
  memoryMb: 256,
  timeoutMs: 30_000,
  log: () => {},
  ...more,
})

/** Whether the process runs. A dead one may stay listed until the machine's first process has noticed. */
function alive(pid: number): boolean {
  try {
    return (
      process.kill(pid, 0) &&
      !(existsSync('/proc/self/stat') && / Z /.test(readFileSync(`/proc/${pid}/stat`, 'latin1')))
    )
  } catch {
    return false
  }
}

test.each([
  ['idle', true],
  ['loop', existsSync('/usr/bin/setpriv')],
])('the environment of a dead service dies, %s', async (handler, possible) => {
  if (!possible) return
  const main = join(directory, 'service.ts')
  writeFileSync(
    main,
    `
    import { openEnvironment } from ${JSON.stringify(join(import.meta.dirname, 'environment.ts'))}
    const environment = openEnvironment({ ...${JSON.stringify(options(handler))}, log: () => {} })
    const invocation = environment.invoke(Buffer.from('{}'), { requestId: 'r' })
    if (${handler === 'idle'}) await invocation
    setTimeout(() => console.log(environment.pid), 300)
    setInterval(() => {}, 1000)`,
  )
  const service = spawn(process.execPath, [main], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [pid] = await once(service.stdout, 'data')
  expect(alive(Number(pid))).toBe(true)
  service.kill('SIGKILL')
  await expect.poll(() => alive(Number(pid)), { timeout: 3000 }).toBe(false)
})

test('a full heap is out of memory', async () => {
  const environment = openEnvironment(options('heap', { memoryMb: 128 }))
  const outcome = await environment.invoke(Buffer.from('{}'), { requestId: 'r' })
  expect(outcome).toMatchObject({ ok: false, kind: 'memory' })
  expect(JSON.parse(outcome.payload.toString())).toMatchObject({ errorType: 'Runtime.OutOfMemory' })
})

test.each(['print', 'feeds'])(
  'endless printing leaves this process its time and its memory: %s',
  async (handler) => {
    let bytes = 0
    let lines = 0
    const environment = openEnvironment(
      options(handler, {
        timeoutMs: 3000,
        log: (line) => {
          bytes += line.length
          lines++
        },
      }),
    )
    const before = process.memoryUsage().rss
    const used = process.cpuUsage()
    const outcome = await environment.invoke(Buffer.from('{}'), { requestId: 'r' })
    const { user, system } = process.cpuUsage(used)
    expect(outcome).toMatchObject({ ok: false, kind: 'timeout' })
    expect(bytes).toBeLessThan(6 * 1024 * 1024)
    expect(lines).toBeLessThan(100_000)
    // CPU time, in µs, since a busy machine gives it later and not more of it.
    expect(user + system).toBeLessThan(1_500_000)
    expect(process.memoryUsage().rss - before).toBeLessThan(150 * 1024 * 1024)
  },
)

test.each(['frames', 'bodies'])(
  'messages that its runtime would not send end the environment: %s',
  async (handler) => {
    const environments = Array.from({ length: 6 }, () => openEnvironment(options(handler)))
    const before = process.memoryUsage().rss
    const outcomes = await Promise.all(
      environments.map((one) => one.invoke(Buffer.from('{}'), { requestId: 'r' })),
    )
    expect(outcomes.map((outcome) => !outcome.ok && outcome.kind)).toEqual(Array(6).fill('exit'))
    expect(process.memoryUsage().rss - before).toBeLessThan(100 * 1024 * 1024)
  },
)
