import { solutions } from '@weir/solutions'
import { type StateDefinition, statesOf } from '@weir/solutions/states.ts'
import { command, onlyPositionals, Unreachable, UsageError, wholeNumber } from '../command.ts'
import { EXIT } from '../exit.ts'
import { hint } from '../nearest.ts'
import { readSettings } from '../settings.ts'
import { print, printJson } from '../terminal/output.ts'
import { table } from '../terminal/table.ts'
import { waiting } from '../terminal/waiting.ts'
import { openStateApi, type StateApi } from './state-api.ts'

const usage = `
weir state [list [STATE]] | get STATE KEY | erase STATE KEY

What the tasks of a service remember of each key: of a device, for example. STATE is the topic of its changelog. The
service that owns the state answers, with what is committed; the API key WEIR_API_KEY needs the right to read the topic,
or to erase, to write to it.

list      shows the states there are, or the keys of one with their sizes and their last changes
get       shows the state of a key as JSON
erase     removes the state of a key, with its timers, and waits until that is done. The task that owns the key removes
          it, and goes on without. If it does not run, the request waits for a week. Records of the key that are
          processed later begin a new state

  --prefix TEXT   list: only keys that begin with it
  --limit N       list: how many keys at most, up to 1,000 (100)
  --json          prints JSON; list STATE: one object per line

Examples
  weir state list fleet.detectors --prefix truck-01
  weir state get fleet.detectors truck-0117
  weir state erase fleet.detectors truck-0117

Exit code 1: the key does not have a state. Exit code 4: the service does not answer, or the request to erase is stored
and not carried out yet.
`

const ACTIONS = ['list', 'get', 'erase']
const MAX_LISTED = 1000
const MAX_KEY_BYTES = 1024

export const state = command({
  name: 'state',
  summary: 'Show and erase what tasks remember of a key',
  usage,
  options: {
    prefix: { type: 'string' },
    limit: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
  async run({ prefix = '', limit, json }, [action = 'list', name, key, ...rest]) {
    if (!ACTIONS.includes(action))
      throw new UsageError(`There is no \`weir state ${action}\`.${hint(action, ACTIONS)}`)
    onlyPositionals(rest, 0)
    if (action === 'list') {
      onlyPositionals(key === undefined ? [] : [key], 0)
      const query = {
        prefix: bounded('The prefix', prefix),
        limit: wholeNumber('--limit', limit, 100, 1, MAX_LISTED),
      }
      await (name === undefined ? listStates(json) : listKeys(name, query, json))
      return EXIT.ok
    }
    if (name === undefined || key === undefined || key === '')
      throw new UsageError(`The key is missing; write \`weir state ${action} STATE KEY\`.`)
    const api = apiOf(stateNamed(name))
    await (action === 'get' ? get : erase)(api, name, bounded('The key', key), json)
    return EXIT.ok
  },
})

function stateNamed(name: string): StateDefinition {
  const known = statesOf(solutions)
  const found = known.find(({ topic }) => topic === name)
  if (found !== undefined) return found
  const names = known.map(({ topic }) => topic)
  throw new UsageError(`There is no state ${name}.${hint(name, names)} There are ${names.join(', ')}.`)
}

function apiOf({ service, topic }: StateDefinition): StateApi {
  const { urls, apiKey } = readSettings()
  return openStateApi({ service, url: urls[service], apiKey }, topic)
}

function bounded(what: string, text: string): string {
  const bytes = Buffer.byteLength(text)
  if (bytes <= MAX_KEY_BYTES) return text
  throw new UsageError(`${what} has ${bytes} bytes; a key with a state has at most ${MAX_KEY_BYTES}.`)
}

async function listStates(json: boolean): Promise<void> {
  const all = statesOf(solutions).map(({ topic, service }) => ({ state: topic, service }))
  const rows = all.map(({ state, service }) => [state, service])
  await (json ? printJson(all) : print(table(['STATE', 'SERVICE'], rows)))
}

async function listKeys(
  name: string,
  query: { readonly prefix: string; readonly limit: number },
  json: boolean,
): Promise<void> {
  const { keys, more } = await waiting(reading(name), apiOf(stateNamed(name)).list(query))
  if (json) for (const key of keys) await print(`${JSON.stringify(key)}\n`)
  else if (keys.length === 0) await print('There are no such keys.\n')
  else {
    const rows = keys.map(({ key, bytes, changedAt, partition }) => [key, bytes, changedAt, partition])
    await print(table(['KEY', 'BYTES', 'CHANGED', 'PARTITION'], rows))
  }
  if (more) process.stderr.write('There are more; narrow them with --prefix, or raise --limit.\n')
}

async function get(api: StateApi, name: string, key: string): Promise<void> {
  await printJson(await waiting(reading(name), api.get(key)))
}

async function erase(api: StateApi, name: string, key: string, json: boolean): Promise<void> {
  const isErased = await waiting(`Waiting for the owner of the key`, api.erase(key))
  if (!isErased)
    throw new Unreachable(
      `The request to erase the state of ${key} in ${name} is stored, and not carried out yet: the task that owns the key does so when it runs. See whether it is ready with \`weir status\`.`,
    )
  await (json ? printJson({ erased: true }) : print(`The state of ${key} in ${name} is erased.\n`))
}

const reading = (name: string): string => `Reading the changelog ${name}`
