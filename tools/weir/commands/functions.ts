import { statSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pause } from '@weir/timing'
import { command, onlyPositionals, Refused, Unreachable, UsageError, wholeNumber } from '../command.ts'
import { EXIT } from '../exit.ts'
import { hint } from '../nearest.ts'
import { readSettings } from '../settings.ts'
import { print, printJson, untilStopped } from '../terminal/output.ts'
import { table } from '../terminal/table.ts'
import {
  type FunctionsApi,
  type ListedFunction,
  openFunctionsApi,
  readSigning,
  type Settings,
} from './functions-api.ts'
import { archiveOf } from './functions-archive.ts'
import { linesSince } from './functions-follow.ts'

const usage = `
weir functions [list] | invoke NAME | logs NAME | deploy PATH | remove NAME

Functions run in the enricher. They are invoked through Lambda's API and by event source mappings. Requests
are signed with AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (test, test) for AWS_REGION (us-east-1).

list      shows all functions, the available runtimes, and how function processes are confined
invoke    runs a function and shows its result; if it fails, also shows its log on stderr
deploy    creates a function from a folder, a .zip or a single file; if it exists already, replaces its code
          and changes the given settings. The enricher must have FUNCTIONS_DEPLOY=true
logs      shows the latest output of a function, from the replica that answers
remove    deletes a deployed function

  --payload JSON|@FILE   invoke: the event ({})
  --follow               logs: continues until Ctrl-C
  --name NAME            deploy: the function's name (the last part of the path, without its extension)
  --runtime NAME         deploy: nodejs24.x, python3.13, provided.al2023 … (Node.js or Python, by the file)
  --handler NAME         deploy: FILE.EXPORT, or only the export (handler, of the file or of index)
  --memory MB            deploy: 128 to 10240 (128)
  --timeout SECONDS      deploy: 1 to 900 (3)
  --concurrency N        deploy: how many invocations run at once in a replica, at most 900 (10)
  --env NAME=VALUE       deploy: an environment variable; those given replace all earlier ones. Repeatable
  --publish              deploy: publishes the code and settings as a new version
  --alias NAME           deploy: publishes a version and points the alias to it
  --json                 prints JSON

Examples
  weir functions deploy prices.mjs --memory 256 --env STAGE=test
  weir functions deploy build/ --name prices --handler src/app.handler --alias live
  weir functions invoke prices --payload '{"id":1}'
  weir functions invoke prices --payload @event.json
  weir functions logs prices --follow
`

const ACTIONS = ['list', 'invoke', 'logs', 'deploy', 'remove']
/** Interval at which a followed log is polled (ms). */
const LOOK = 1000
const ACTIVE_TIMEOUT_MS = 60_000

interface Options {
  readonly payload?: string
  readonly follow: boolean
  readonly name?: string
  readonly runtime?: string
  readonly handler?: string
  readonly memory?: string
  readonly timeout?: string
  readonly concurrency?: string
  readonly env: readonly string[]
  readonly publish: boolean
  readonly alias?: string
  readonly json: boolean
}

export const functions = command({
  name: 'functions',
  summary: 'List, invoke, deploy and follow functions',
  usage,
  options: {
    payload: { type: 'string' },
    follow: { type: 'boolean', default: false },
    name: { type: 'string' },
    runtime: { type: 'string' },
    handler: { type: 'string' },
    memory: { type: 'string' },
    timeout: { type: 'string' },
    concurrency: { type: 'string' },
    env: { type: 'string', multiple: true, default: [] },
    publish: { type: 'boolean', default: false },
    alias: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
  async run(options, [action = 'list', subject, ...rest]) {
    if (!ACTIONS.includes(action))
      throw new UsageError(`There is no \`weir functions ${action}\`.${hint(action, ACTIONS)}`)
    onlyPositionals(action === 'list' && subject !== undefined ? [subject] : rest, 0)
    const api = openFunctionsApi(readSettings().urls.enricher, readSigning())
    if (action === 'list') return list(api, options)
    if (subject === undefined)
      throw new UsageError(
        action === 'deploy'
          ? 'The code is missing; write `weir functions deploy PATH` with a folder, a .zip or a file.'
          : `The function is missing; write \`weir functions ${action} NAME\`.`,
      )
    switch (action) {
      case 'invoke':
        return invoke(api, subject, options)
      case 'logs':
        return logs(api, subject, options)
      case 'deploy':
        return deploy(api, subject, options)
      default:
        return remove(api, subject, options)
    }
  },
})

async function list(api: FunctionsApi, { json }: Options): Promise<number> {
  const all = await api.list()
  if (json) await printJson(all)
  else if (all.length === 0)
    await print(
      `There are no functions yet; \`weir functions deploy PATH\` creates one.\n${await confinementOf(api)}`,
    )
  else {
    const rows = all.map((one) => [
      one.FunctionName,
      one.Runtime,
      one.Handler,
      one.MemorySize,
      one.Timeout,
      codeOf(one),
      one.LastModified?.slice(0, 19) ?? null,
      one.Description || null,
    ])
    await print(
      table(
        ['NAME', 'RUNTIME', 'HANDLER', 'MEMORY MB', 'TIMEOUT S', 'CODE', 'DEPLOYED', 'DESCRIPTION'],
        rows,
      ) + (await confinementOf(api)),
    )
  }
  return EXIT.ok
}

/** Describes the runtimes that functions may have, and how their processes are confined. */
async function confinementOf(api: FunctionsApi): Promise<string> {
  const offered = await api.runtimes()
  return offered === undefined ? '' : `\n${offered.Confinement}\nRuntimes: ${offered.Runtimes.join(', ')}.\n`
}

async function invoke(api: FunctionsApi, name: string, { payload = '{}', json }: Options): Promise<number> {
  const text = payload.startsWith('@') ? await readText(payload.slice(1)) : payload
  try {
    JSON.parse(text)
  } catch (error) {
    throw new UsageError(
      `--payload is not JSON (${(error as Error).message}); write it in quotes, or give @FILE.`,
    )
  }
  const answer = await api.invoke(name, text)
  if (json) await printJson({ ...answer, payload: answer.payload ?? null })
  else {
    if (answer.functionError !== undefined)
      process.stderr.write(`${answer.log}The function failed (${answer.functionError}).\n`)
    await printJson(answer.payload ?? null)
  }
  return answer.functionError === undefined ? EXIT.ok : EXIT.refused
}

async function logs(api: FunctionsApi, name: string, { follow, json }: Options): Promise<number> {
  const show = (lines: readonly string[]): Promise<void> =>
    print(lines.map((line) => `${json ? JSON.stringify({ line }) : line}\n`).join(''))
  let seen = await api.logs(name)
  await show(seen)
  if (!follow) return EXIT.ok
  const signal = untilStopped()
  while (!signal.aborted) {
    await pause(LOOK, signal)
    if (signal.aborted) break
    const now = await api.logs(name)
    await show(linesSince(seen, now))
    seen = now
  }
  return EXIT.ok
}

async function deploy(api: FunctionsApi, path: string, options: Options): Promise<number> {
  const name = options.name ?? basename(path).replace(/\.[^.]*$/, '')
  const settings = settingsOf(path, options)
  const concurrency = given(options.concurrency, (text) => wholeNumber('--concurrency', text, 0, 0, 900))
  const zip = await archiveOf(path)
  const tell = (text: string): void => void process.stderr.write(options.json ? '' : `${text}\n`)
  tell(`Sending ${(zip.length / 2 ** 20).toFixed(1)} MiB …`)
  const before = await api.get(name)
  if (before === undefined) await api.create(name, zip, { ...defaultsFor(path), ...settings })
  else {
    await api.updateCode(name, zip)
    if (Object.keys(settings).length > 0) await api.updateSettings(name, settings)
  }
  if (concurrency !== undefined) await api.reserve(name, concurrency)
  const now = await active(api, name, tell)
  const version = options.publish || options.alias !== undefined ? await api.publish(name) : undefined
  if (options.alias !== undefined) await api.pointAlias(name, options.alias, version!)
  if (options.json)
    await printJson({
      name,
      code: now.CodeSha256,
      replaced: before !== undefined,
      version,
      alias: options.alias,
    })
  else {
    const as = `${version === undefined ? '' : `, version ${version}`}${options.alias === undefined ? '' : `, alias ${options.alias}`}`
    await print(`${before === undefined ? 'Deployed' : 'Replaced'} ${name}, code ${codeOf(now)}${as}.\n`)
  }
  return EXIT.ok
}

/** Resolves to the function once its code is in use. */
async function active(
  api: FunctionsApi,
  name: string,
  tell: (text: string) => void,
): Promise<ListedFunction> {
  const deadline = Date.now() + ACTIVE_TIMEOUT_MS
  for (let isAnnounced = false; ; isAnnounced = true) {
    const now = await api.get(name)
    if (now === undefined) throw new Refused(`${name} was removed in the meantime.`)
    if (now.State === 'Active' && now.LastUpdateStatus === 'Successful') return now
    if (Date.now() > deadline)
      throw new Unreachable(`${name} is stored, but the enricher does not run it yet; check its log.`)
    if (!isAnnounced) tell('Waiting for the enricher to unpack it …')
    await sleep(LOOK)
  }
}

/** Returns the given settings. A single file always has a handler, as its name is part of it. */
function settingsOf(path: string, { runtime, handler, memory, timeout, env }: Options): Settings {
  const file = isWhole(path) ? undefined : basename(path)
  const module = file === undefined ? 'index' : file.replace(/\.[^.]*$/, '')
  const entry =
    handler ?? (file === undefined ? undefined : file.endsWith('.py') ? 'lambda_handler' : 'handler')
  const settings: Settings = {
    Runtime: runtime,
    Handler: entry === undefined || entry.includes('.') ? entry : `${module}.${entry}`,
    MemorySize: given(memory, (text) => wholeNumber('--memory', text, 128, 128, 10_240)),
    Timeout: given(timeout, (text) => wholeNumber('--timeout', text, 3, 1, 900)),
    Environment: env.length === 0 ? undefined : { Variables: variablesOf(env) },
  }
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined))
}

/** The settings that a new function needs. */
function defaultsFor(path: string): Settings {
  return path.endsWith('.py')
    ? { Runtime: 'python3.13' }
    : { Runtime: 'nodejs24.x', Handler: 'index.handler' }
}

/**
 * Returns whether the path holds everything that the function needs under its own names: a folder or a zip.
 */
function isWhole(path: string): boolean {
  return path.endsWith('.zip') || statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
}

function given<T>(text: string | undefined, read: (text: string) => T): T | undefined {
  return text === undefined ? undefined : read(text)
}

/** Returns the beginning of the code's SHA-256. */
function codeOf({ CodeSha256 }: ListedFunction): string | null {
  return CodeSha256 === undefined ? null : Buffer.from(CodeSha256, 'base64').toString('hex').slice(0, 12)
}

async function remove(api: FunctionsApi, name: string, { json }: Options): Promise<number> {
  await api.remove(name)
  await (json ? printJson({ name, removed: true }) : print(`Removed ${name}.\n`))
  return EXIT.ok
}

function variablesOf(texts: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    texts.map((text) => {
      const equals = text.indexOf('=')
      if (equals < 1) throw new UsageError(`--env is "${text}"; it must be NAME=VALUE.`)
      return [text.slice(0, equals), text.slice(equals + 1)]
    }),
  )
}

async function readText(file: string): Promise<string> {
  return readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new UsageError(
      error.code === 'ENOENT' ? `There is no file ${file}.` : `${file} cannot be read (${error.code}).`,
    )
  })
}
