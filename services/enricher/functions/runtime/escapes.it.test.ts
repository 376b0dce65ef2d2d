/**
 * Makes every attempt to get out of an execution environment and looks from outside whether it changed
 * anything. Each is also made in a plain Node process, where it must succeed: otherwise it would prove
 * nothing.
 */
import { type ChildProcess, fork, spawn } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { getPriority } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { CONFINEMENTS, code } from '../testing/environments.ts'
import {
  CERTIFICATE,
  ESCAPES,
  escapesModule,
  SECRET,
  WITHOUT_NAMESPACES,
} from '../testing/escapes/escapes.ts'
import { PATCHING } from '../testing/escapes/patching.ts'
import type { EnvironmentOptions } from './options.ts'
import { openPool, type Pool } from './pool.ts'

/** These attempts need no process of their own. */
const SHARED = [...WITHOUT_NAMESPACES, ...ESCAPES]
const ALL = [...SHARED, ...PATCHING]
const root = code({ 'own/index.cjs': escapesModule(ALL) })
const [own, out] = ['own', 'out'].map((name) => join(root, name))
const { privateKey } = generateKeyPairSync('ed25519')
const FILES: Readonly<Record<string, string>> = {
  'own/data.txt': 'its own',
  'own/certificates.env': `SSL_CERT_FILE=${out}/secret.pem`,
  'own/library.so': '',
  'own/touch.cjs': `require('fs').writeFileSync(${JSON.stringify(join(out, 'new'))}, '')
    process.exit()`,
  'out/secret.txt': SECRET,
  'out/secret.env': `A=${SECRET}`,
  'out/secret.json': `["${SECRET}"]`,
  [`out/${SECRET}`]: '',
  'out/secret.mjs': `export default '${SECRET}'`,
  'out/secret.pem': CERTIFICATE,
  'out/key.pem': privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  'out/secret.map': `{"version":3,"sources":["${SECRET}"],"names":[],"mappings":"AAAA"}`,
  'out/package/package.json': `{"main":"./${SECRET}.js","imports":{"#secret":"./${SECRET}.js"}}`,
}
const KEPT = ['index.cjs', 'socket']
const PLAIN = join(root, 'plain.cjs')
writeFileSync(
  PLAIN,
  `process.on('message', (event) => require(${JSON.stringify(join(own, 'index.cjs'))}).handler(event)
  .then((answer) => process.send(JSON.stringify(answer) ?? ''), (error) => process.send(String(error?.stack))))`,
)
const server = createServer((socket) => socket.end())
let victim: ChildProcess
let pool: Pool | undefined
let plain: ChildProcess | undefined

beforeAll(async () => {
  lay()
  await once(server.listen(join(out, 'socket')), 'listening')
})
afterEach(() => pool?.stop(0))
afterAll(() => {
  server.close()
  victim.kill('SIGKILL')
})

/** The files and the victim as they are before an attempt. */
function lay(): void {
  for (const folder of [own, out]) {
    mkdirSync(folder, { recursive: true })
    const names = readdirSync(folder).filter((name) => !KEPT.includes(name))
    for (const name of names) rmSync(join(folder, name), { recursive: true, force: true })
  }
  for (const folder of ['package', 'empty']) mkdirSync(join(out, folder))
  for (const [name, text] of Object.entries(FILES)) writeFileSync(join(root, name), text)
  symlinkSync(join(out, SECRET), join(out, 'link'))
  if (!victim || victim.signalCode !== null)
    victim = spawn('/bin/sleep', ['600'], { stdio: 'ignore', detached: true })
}

/** Everything in both folders: what each entry is, and what it holds. */
function look(): string[] {
  return ['', ...readdirSync(root, { recursive: true, encoding: 'utf8' })]
    .map((name) => {
      const path = join(root, name)
      const found = lstatSync(path)
      const content = found.isFile()
        ? readFileSync(path, 'latin1')
        : found.isSymbolicLink()
          ? readlinkSync(path)
          : ''
      return [name, found.mode, found.mtimeMs, content].join(' ')
    })
    .sort()
}

interface Scene {
  readonly files: readonly string[]
  readonly priority: number
}

const scene = (): Scene => ({ files: look(), priority: getPriority(victim.pid) })

/** Returns which files have changed since, or that the victim has. */
function changeSince({ files, priority }: Scene): string | undefined {
  const now = look()
  const changed = now.filter((line) => !files.includes(line))
  if (changed.length > 0 || now.length < files.length) return `files: ${changed}`.slice(0, 300)
  if (victim.signalCode !== null) return `a signal: ${victim.signalCode}`
  return getPriority(victim.pid) === priority ? undefined : 'a priority'
}

const tells = (text: string): boolean => text.includes(SECRET) || text.includes('"reached"')

test.each(CONFINEMENTS)(
  'no attempt succeeds in an environment: %s',
  async (how) => {
    const lines: string[] = []
    const environment: EnvironmentOptions = {
      functionName: 'f',
      functionArn: 'arn:aws:lambda:eu-west-1:000000000000:function:f',
      version: '1',
      directory: own,
      handler: 'index.handler',
      environment: {},
      confinement: how,
      memoryMb: 320,
      timeoutMs: 20_000,
      log: (line) => void lines.push(line),
    }
    pool = openPool({ environment, maximum: 1 })
    const before = scene()
    const succeeded: string[] = []
    for (const [index, [name]] of ALL.entries()) {
      if (how === 'process only' && index < WITHOUT_NAMESPACES.length) continue
      if (index >= SHARED.length) pool.update({ environment: { ...environment }, maximum: 1 })
      lines.length = 0
      const event = { index, out, own, victim: victim.pid, parent: process.pid }
      const outcome = await pool.invoke(Buffer.from(JSON.stringify(event)), { requestId: 'r' })
      if (!outcome.ok && outcome.kind === 'init') succeeded.push(`${name} was not made: ${outcome.payload}`)
      const text = `${outcome.payload}${lines}`
      const effect = tells(text) ? text.slice(0, 300) : changeSince(before)
      if (effect !== undefined) succeeded.push(`${name}: ${effect}`)
    }
    await pause(100)
    expect([...succeeded, changeSince(before)]).toEqual([undefined])
  },
  120_000,
)

test('every attempt succeeds in a process that nothing restricts', async () => {
  const failed: string[] = []
  for (const [index, [name]] of ALL.entries()) {
    if (index >= SHARED.length) endPlain()
    const before = scene()
    const text = await tryPlain(index)
    // A process that was started needs time to act.
    for (
      const deadline = Date.now() + 5000;
      !tells(text) && changeSince(before) === undefined;
      await pause(10)
    ) {
      if (Date.now() < deadline) continue
      failed.push(`${name}: ${text}`)
      break
    }
    lay()
  }
  endPlain()
  expect(failed).toEqual([])
}, 120_000)

/** Makes the attempt in a process that nothing restricts. Returns its answer and what it printed. */
async function tryPlain(index: number): Promise<string> {
  plain ??= fork(PLAIN, {
    cwd: own,
    execArgv: ['--max-old-space-size=256'],
    env: {},
    silent: true,
    detached: true,
  })
  const child = plain
  let text = ''
  const print = (chunk: Buffer): void => void (text += chunk)
  const settled = new AbortController()
  const { signal } = settled
  child.stdout!.on('data', print)
  child.stderr!.on('data', print)
  child.send({ index, out, own, victim: victim.pid, parent: process.pid })
  const [answer] = await Promise.race([once(child, 'message', { signal }), once(child, 'exit', { signal })])
  settled.abort()
  if (child.exitCode !== null || child.signalCode !== null) plain = undefined
  await pause(20)
  child.stdout!.off('data', print)
  child.stderr!.off('data', print)
  return `${text}${answer}`
}

function endPlain(): void {
  plain?.kill('SIGKILL')
  plain = undefined
}
