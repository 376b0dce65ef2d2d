import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { command, onlyPositionals, UsageError, wholeNumber } from '../command.ts'
import { EXIT } from '../exit.ts'
import { hint } from '../nearest.ts'
import { readSettings } from '../settings.ts'
import { print, printJson, untilStopped } from '../terminal/output.ts'
import { table } from '../terminal/table.ts'
import { openFunctionsApi, readSigning, type FunctionsApi } from './functions-api.ts'
import { linesSince } from './functions-follow.ts'

const usage = `
weir functions [list] | invoke NAME | logs NAME | deploy FILE | remove NAME

Functions run in the enricher, by Lambda's API and by event source mappings. Requests are signed with AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (test, test)
for AWS_REGION (us-east-1).

list      all functions
invoke    runs a function and shows what it returns; what it printed goes to stderr where it fails
deploy    stores a module of one file, .mjs, .js, .cjs or .ts; the enricher must have FUNCTIONS_DEPLOY=true
logs      what the function printed lately in the replica that answers
remove    takes away a function that was deployed

  --payload JSON|@FILE   the event of invoke ({})
  --follow               logs: goes on until Ctrl-C
  --name NAME            deploy: the function's name (the file's, without its ending)
  --handler NAME         deploy: FILE.EXPORT, or the export alone (handler)
  --memory MB            deploy: 128 to 10240 (128)
  --timeout SECONDS      deploy: 1 to 900 (3)
  --concurrency N        deploy: how many run side by side in a replica, at most 1000 (10)
  --env NAME=VALUE       deploy: an environment variable. Repeatable
  --json                 for programs

Examples
  weir functions deploy offers.mjs --memory 256 --env STAGE=test
  weir functions invoke offers --payload '{"id":1}'
  weir functions invoke offers --payload @event.json
  weir functions logs offers --follow
`

const ACTIONS = ['list', 'invoke', 'logs', 'deploy', 'remove']
/** How often a log that is followed is looked at (ms). */
const LOOK = 1000

interface Options {
  readonly payload?: string
  readonly follow: boolean
  readonly name?: string
  readonly handler?: string
  readonly memory?: string
  readonly timeout?: string
  readonly concurrency?: string
  readonly env: readonly string[]
  readonly json: boolean
}

export const functions = command({
  name: 'functions',
  summary: 'List, invoke, deploy and follow functions',
  usage,
  options: {
    payload: { type: 'string' }, follow: { type: 'boolean', default: false }, name: { type: 'string' }, handler: { type: 'string' }, memory: { type: 'string' },
    timeout: { type: 'string' }, concurrency: { type: 'string' }, env: { type: 'string', multiple: true, default: [] }, json: { type: 'boolean', default: false },
  },
  async run(options, [action = 'list', subject, ...rest]) {
    if (!ACTIONS.includes(action)) throw new UsageError(`There is no \`weir functions ${action}\`.${hint(action, ACTIONS)}`)
    onlyPositionals(action === 'list' && subject !== undefined ? [subject] : rest, 0)
    const api = openFunctionsApi(readSettings().enricher, readSigning())
    if (action === 'list') return list(api, options)
    if (subject === undefined) throw new UsageError(action === 'deploy' ? 'Which file? Write `weir functions deploy FILE`.' : `Which function? Write \`weir functions ${action} NAME\`.`)
    switch (action) {
      case 'invoke': return invoke(api, subject, options)
      case 'logs': return logs(api, subject, options)
      case 'deploy': return deploy(api, subject, options)
      default: return remove(api, subject, options)
    }
  },
})

async function list(api: FunctionsApi, { json }: Options): Promise<number> {
  const all = await api.list()
  if (json) await printJson(all)
  else if (all.length === 0) await print('No function yet; `weir functions deploy FILE` makes one.\n')
  else {
    const rows = all.map((one) => [
      one.FunctionName, one.Handler, one.MemorySize, one.Timeout, Buffer.from(one.CodeSha256, 'base64').toString('hex').slice(0, 12), one.LastModified?.slice(0, 19) ?? null, one.Description,
    ])
    await print(table(['NAME', 'HANDLER', 'MEMORY MB', 'TIMEOUT S', 'VERSION', 'DEPLOYED', 'ORIGIN'], rows))
  }
  return EXIT.ok
}

async function invoke(api: FunctionsApi, name: string, { payload = '{}', json }: Options): Promise<number> {
  const text = payload.startsWith('@') ? await readText(payload.slice(1)) : payload
  try {
    JSON.parse(text)
  } catch (error) {
    throw new UsageError(`--payload is no JSON (${(error as Error).message}); write it in quotes, or @FILE.`)
  }
  const answer = await api.invoke(name, text)
  if (json) await printJson({ ...answer, payload: answer.payload ?? null })
  else {
    if (answer.functionError !== undefined) process.stderr.write(`${answer.log}The function failed (${answer.functionError}).\n`)
    await printJson(answer.payload ?? null)
  }
  return answer.functionError === undefined ? EXIT.ok : EXIT.refused
}

async function logs(api: FunctionsApi, name: string, { follow, json }: Options): Promise<number> {
  const show = (lines: readonly string[]): Promise<void> => print(lines.map((line) => `${json ? JSON.stringify({ line }) : line}\n`).join(''))
  let seen = await api.logs(name)
  await show(seen)
  if (!follow) return EXIT.ok
  const signal = untilStopped()
  while (!signal.aborted) {
    await sleep(LOOK, undefined, { signal }).catch(() => {})
    if (signal.aborted) break
    const now = await api.logs(name)
    await show(linesSince(seen, now))
    seen = now
  }
  return EXIT.ok
}

async function deploy(api: FunctionsApi, path: string, options: Options): Promise<number> {
  const file = basename(path)
  const module = file.replace(/\.[^.]*$/, '')
  const name = options.name ?? module
  const { handler = 'handler' } = options
  const { version, replaced } = await api.deploy(name, {
    file, code: await readText(path), handler: handler.includes('.') ? handler : `${module}.${handler}`,
    memoryMb: wholeNumber('--memory', options.memory, 128, 128, 10_240), timeoutSeconds: wholeNumber('--timeout', options.timeout, 3, 1, 900),
    concurrency: wholeNumber('--concurrency', options.concurrency, 10, 1, 1000), environment: variablesOf(options.env),
  })
  await (options.json ? printJson({ name, version, replaced }) : print(`${replaced ? 'Replaced' : 'Deployed'} ${name}, version ${version.slice(0, 12)}.\n`))
  return EXIT.ok
}

async function remove(api: FunctionsApi, name: string, { json }: Options): Promise<number> {
  await api.remove(name)
  await (json ? printJson({ name, removed: true }) : print(`Removed ${name}.\n`))
  return EXIT.ok
}

function variablesOf(texts: readonly string[]): Record<string, string> {
  return Object.fromEntries(texts.map((text) => {
    const equals = text.indexOf('=')
    if (equals < 1) throw new UsageError(`--env is "${text}"; it must be NAME=VALUE.`)
    return [text.slice(0, equals), text.slice(equals + 1)]
  }))
}

async function readText(file: string): Promise<string> {
  return readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new UsageError(error.code === 'ENOENT' ? `There is no file ${file}.` : `${file} cannot be read (${error.code}).`)
  })
}
