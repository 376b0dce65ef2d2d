import { spawn, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { readConfig } from '@weir/config'
import { type Solution, topics } from '@weir/solutions'
import type { StackConfig } from '@weir/stack/config.ts'
import { chooseParts, PARTS, PORTS, stackConfig } from '@weir/stack/config.ts'
import { isDiskFull } from '@weir/stack/disk.ts'
import { StackError } from '@weir/stack/errors.ts'
import { endOrphans } from '@weir/stack/orphans.ts'
import { checkout, makeDataFolder } from '@weir/stack/paths.ts'
import { openLogFile, stillRuns } from '@weir/stack/process.ts'
import { forgetData, Stack } from '@weir/stack/stack.ts'
import { readState } from '@weir/stack/state.ts'
import { command, onlyPositionals } from '../command.ts'
import { EXIT } from '../exit.ts'
import { namedSolutions } from '../solutions.ts'
import { summary } from '../summary.ts'

const usage = `
weir up [options]

Starts Kafka, the schema registry, Redis, a search engine and an object store from packages, then an inbox, the
services and a simulator, and keeps them running. Without Python 3 there is no object store. Returns when everything is ready; \`weir down\` stops it. Logs are in
.weir/logs. The inbox shows e-mails and notifications over HTTP as they arrive; with --docker there is none.

  --attach         stays in the foreground; Ctrl-C stops everything
  --fresh          deletes the data of earlier runs first
  --only a,b       starts only these: ${PARTS.join(', ')}
  --solutions a,b  runs only these solutions (WEIR_SOLUTIONS, or all)
  --no-simulator   does not start the simulator
  --docker         runs \`docker compose up\` instead

Variables
  ${Object.values(PORTS)
    .map(([variable, port]) => `${variable} ${port}`)
    .join(', ')}
  ALERTER_SMTP_URL a mail server that the alerter uses in the place of the inbox
  AWS_ENDPOINT_URL_S3
                   an object store in the place of the one that is started; with AWS's own, https://s3.REGION.amazonaws.com
  SEARCH_ENGINE    opensearch (default) or elasticsearch
  WEIR_DATA        data, logs and state (.weir in the checkout)
  WEIR_CACHE       unpacked servers (~/.cache/weir; for root /var/cache/weir)
`

const OPTIONS = {
  attach: { type: 'boolean', default: false },
  fresh: { type: 'boolean', default: false },
  only: { type: 'string' },
  solutions: { type: 'string' },
  'no-simulator': { type: 'boolean', default: false },
  docker: { type: 'boolean', default: false },
} as const

export const up = command({
  name: 'up',
  summary: 'Start everything on this machine',
  usage,
  options: OPTIONS,
  async run(options, positionals) {
    onlyPositionals(positionals, 0)
    const solutions = namedSolutions(options.solutions?.split(',') ?? [])
    // Services, simulator and Compose read the variable.
    if (options.solutions !== undefined) process.env.WEIR_SOLUTIONS = options.solutions
    if (options.docker) return compose(options)
    const read = readConfig(process.env, stackConfig)
    const parts = chooseParts(options.only, { ...read, simulator: !options['no-simulator'] })
    const config = { ...read, parts }
    await claim()
    if (!options.attach) return detach(process.argv.slice(3))
    if (options.fresh) forgetData()
    return attach(config, solutions)
  },
})

/** Refuses if a stack already runs in this data folder; ends the processes that a killed supervisor left. */
async function claim(): Promise<void> {
  const state = readState()
  if (state === undefined) return
  if (stillRuns(state.supervisor))
    throw new StackError(
      `Weir is already up (pid ${state.supervisor.pid}); see \`weir status\`, or stop it with \`weir down\`.`,
    )
  for (const name of await endOrphans(state)) say(`ended ${name}, left by a supervisor that was killed`)
}

/**
 * Runs in the foreground until a signal comes, or until the process that waits for a detached start goes away
 * before the stack is ready.
 */
async function attach(config: StackConfig, solutions: readonly Solution[]): Promise<never> {
  const began = performance.now()
  const stack = new Stack(config, topics, say)
  const interrupted = interruption(stack)
  const starting = stack.start().then(() => true)
  // After an interruption nobody waits for the start any more.
  starting.catch(() => {})
  try {
    if (await Promise.race([starting, interrupted.then(() => false)])) {
      say(summary({ ...config, parts: stack.parts }, solutions, (performance.now() - began) / 1000))
      process.removeAllListeners('disconnect')
      tell({ ready: true })
      await interrupted
    }
    say('stopping …')
    await stack.stop()
    say('stopped')
    process.exit(EXIT.ok)
  } catch (error) {
    tell({ failed: (error as Error).message })
    await stack.stop()
    if (process.connected) process.disconnect()
    throw error
  }
}

/**
 * Resolves at the first signal. A signal a second or more later kills everything at once: npm and terminals
 * repeat a Ctrl-C within milliseconds.
 */
function interruption(stack: Stack): Promise<void> {
  return new Promise((done) => {
    let first: number | undefined
    const handle = (): void => {
      first ??= performance.now()
      if (performance.now() - first > 1000) stack.kill()
      done()
    }
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, handle)
    process.once('disconnect', handle)
    // The reader may be gone (`npm start | head`): every later line fails, which must not end us before the
    // servers. A log on a full disk takes lines again when there is room.
    for (const stream of [process.stdout, process.stderr]) {
      stream.on('error', (error: NodeJS.ErrnoException) => {
        if (!isDiskFull(error)) done()
      })
    }
  })
}

type Message = { readonly line: string } | { readonly ready: true } | { readonly failed: string }

/** Starts a supervisor in its own session, repeats its output, and detaches once it is ready. */
function detach(args: readonly string[]): Promise<number> {
  const path = join(makeDataFolder(), 'logs/supervisor.log')
  const log = openLogFile(path)
  const child = spawn(process.execPath, [join(checkout, 'tools/weir/main.ts'), 'up', '--attach', ...args], {
    detached: true,
    stdio: ['ignore', log, log, 'ipc'],
  })
  return new Promise((done, fail) => {
    let reason: string | undefined
    child.once('exit', (code) =>
      fail(new StackError(reason ?? `The supervisor ended (code ${code}); its log is ${path}.`)),
    )
    child.on('message', (message: Message) => {
      if ('line' in message) say(message.line)
      else if ('failed' in message) reason = message.failed
      else {
        child.removeAllListeners('exit')
        child.disconnect()
        child.unref()
        done(EXIT.ok)
      }
    })
  })
}

function compose({ attach, fresh }: { readonly attach: boolean; readonly fresh: boolean }): number {
  const docker = (...args: string[]): number => {
    const { error, status } = spawnSync('docker', ['compose', ...args], { cwd: checkout, stdio: 'inherit' })
    if (error)
      throw new StackError(
        'There is no docker command: install Docker with Compose, or start without --docker.',
      )
    return status === 0 ? EXIT.ok : EXIT.refused
  }
  if (fresh) docker('down', '--volumes')
  return attach ? docker('up', '--build') : docker('up', '--build', '--detach', '--wait')
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
  tell({ line })
}

/** Sends a message to the process that waits for a detached start, if there is one. */
function tell(message: Message): void {
  if (process.connected) process.send?.(message)
}
