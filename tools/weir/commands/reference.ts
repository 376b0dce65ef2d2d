import { readFile } from 'node:fs/promises'
import { text as readAll } from 'node:stream/consumers'
import { solutions } from '@weir/solutions'
import { command, onlyPositionals, Refused, UsageError } from '../command.ts'
import { EXIT } from '../exit.ts'
import { isObject, parseExactly } from '../json.ts'
import { hint } from '../nearest.ts'
import { openReferenceApi } from '../reference/api.ts'
import { readSettings } from '../settings.ts'
import { print, printJson } from '../terminal/output.ts'
import { table } from '../terminal/table.ts'

const usage = `
weir reference [list [TABLE]] | get TABLE ID | put TABLE ID [FILE | -] | delete TABLE ID

Reads and changes the reference tables, in which flows and functions look things up: a shop's tariffs, for
example. A change takes effect within a second, without a restart.

list      shows the tables, or the entries of a table
get       shows one entry as JSON
put       stores an entry, a JSON object from FILE or standard input. It must fit the table's schema
delete    deletes an entry

  --json    prints JSON

Examples
  weir reference list tariffs
  weir reference get tariffs night > night.json
  weir reference put tariffs night night.json
  weir reference delete tariffs night
`

const ACTIONS = ['list', 'get', 'put', 'delete']

export const reference = command({
  name: 'reference',
  summary: 'List and change reference tables',
  usage,
  options: { json: { type: 'boolean', default: false } },
  async run({ json }, [action = 'list', name, id, file, ...rest]) {
    if (!ACTIONS.includes(action))
      throw new UsageError(`There is no \`weir reference ${action}\`.${hint(action, ACTIONS)}`)
    onlyPositionals(rest, 0)
    const settings = readSettings()
    const api = openReferenceApi(settings.urls.enricher, settings.apiKey)
    if (action === 'list') {
      await (name === undefined ? listTables(json) : listEntries(name, await api.entries(name), json))
      return EXIT.ok
    }
    if (name === undefined || id === undefined)
      throw new UsageError(`The entry is missing; write \`weir reference ${action} TABLE ID\`.`)
    if (action === 'get') {
      const entries = await api.entries(name)
      if (!Object.hasOwn(entries, id))
        throw new Refused(`Table ${name} has no entry ${id}.${hint(id, Object.keys(entries))}`)
      await printJson(entries[id])
    } else if (action === 'put') {
      await api.put(name, id, await readEntry(file))
      await print(`Stored ${name}/${id}.\n`)
    } else {
      await api.delete(name, id)
      await print(`Removed ${name}/${id}.\n`)
    }
    return EXIT.ok
  },
})

async function listTables(json: boolean): Promise<void> {
  const rows = solutions.flatMap(({ name, tables = {} }) =>
    Object.keys(tables).map((table) => ({ table, solution: name })),
  )
  await (json
    ? printJson(rows)
    : print(
        table(
          ['TABLE', 'SOLUTION'],
          rows.map((row) => [row.table, row.solution]),
        ),
      ))
}

async function listEntries(name: string, entries: Record<string, unknown>, json: boolean): Promise<void> {
  if (json) return printJson(entries)
  const rows = Object.entries(entries)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([id, entry]) => [id, short(JSON.stringify(entry))])
  await print(rows.length === 0 ? `Table ${name} is empty.\n` : table(['ID', 'ENTRY'], rows))
}

const short = (text: string): string => (text.length > 100 ? `${text.slice(0, 99)}…` : text)

async function readEntry(file = '-'): Promise<Record<string, unknown>> {
  const words =
    file === '-'
      ? await readAll(process.stdin)
      : await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
          throw new UsageError(
            error.code === 'ENOENT' ? `There is no file ${file}.` : `${file} cannot be read (${error.code}).`,
          )
        })
  try {
    const entry = parseExactly(words.replace(/^\uFEFF/, ''))
    if (isObject(entry)) return entry
  } catch (error) {
    throw new UsageError(`The entry is not JSON: ${(error as Error).message}.`)
  }
  throw new UsageError('The entry must be a JSON object.')
}
