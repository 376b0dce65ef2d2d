import { createReadStream, fstatSync, openSync } from 'node:fs'
import type { Readable } from 'node:stream'
import { command, onlyPositionals, UsageError } from '../command.ts'
import { EXIT } from '../exit.ts'
import { Door } from '../hub/door.ts'
import { withField } from '../hub/wire.ts'
import { topicContract } from '../replay/contract.ts'
import { Lanes } from '../replay/lanes.ts'
import { freshRunId } from '../replay/run-memory.ts'
import { textOf } from '../replay/text.ts'
import { readInput, recordOf } from '../send/input.ts'
import { readSettings } from '../settings.ts'
import { print, untilStopped } from '../terminal/output.ts'
import { thousands } from '../terminal/table.ts'

const usage = `
weir send TOPIC [FILE | -] [options]

Sends JSON to a topic through the hub: one value, a list of values, or one value per line; plain or compressed
with gzip or zstd. Without FILE it reads standard input. A value can be wrapped in a record with its own id,
{ "id": "…", "value": { … } }. A record that is sent again with the same id counts once downstream.

  --source NAME   the source of the records (weir-send)
  --json          prints one JSON object per line: each refused record, then the summary

Examples
  weir send orders.placed order.json
  echo '{"orderId":"o-1","total":12.5,"eventTime":'$(date +%s000)'}' | weir send orders.placed
  weir tail orders.placed --json --count 5 | weir send orders.placed -

Exit codes: 0 all stored, 1 some refused, 2 an argument or the input cannot be used, 4 the hub does not answer.
`

/** Shorter than a replay's, because a person waits for the answer. */
const PATIENCE = 30_000
const LANES = 4

export const send = command({
  name: 'send',
  summary: 'Send JSON values to a topic',
  usage,
  options: { source: { type: 'string', default: 'weir-send' }, json: { type: 'boolean', default: false } },
  async run({ source, json }, positionals) {
    onlyPositionals(positionals, 2)
    const [topic, file = '-'] = positionals
    if (topic === undefined) throw new UsageError('Name a topic.')
    const { key } = topicContract(topic)
    const settings = readSettings()
    const run = `send-${freshRunId(new Date())}`
    const signal = untilStopped()
    let stored = 0
    let open = 0
    let refused = 0
    const refuse = (line: number, code: string, field: string | undefined, message: string): void => {
      refused++
      if (json) process.stdout.write(`${JSON.stringify({ line, code, field, message })}\n`)
      else process.stderr.write(`${line}: ${withField(field, message)} (${code})\n`)
    }
    const door = new Door(
      {
        url: settings.urls['ingest-hub'],
        apiKey: settings.apiKey,
        topic,
        source,
        patience: PATIENCE,
        signal,
      },
      LANES,
    )
    const lanes = new Lanes({
      lanes: LANES,
      batch: 500,
      capacity: 8_000,
      send: (records) => door.deliver(records),
      settled(lines, outcome) {
        stored += outcome.stored
        open += outcome.open.length
        for (const { index, code, field, message } of outcome.refused)
          refuse(lines[index], code, field, message)
      },
    })
    const input = openInput(file)
    signal.addEventListener('abort', () => input.destroy())
    let failure: unknown
    try {
      for await (const { places, values, faults } of readInput(
        textOf(input, file === '-' ? 'The input' : file),
      )) {
        for (const { place, problem } of faults) refuse(place, 'unreadable', undefined, problem)
        for (let i = 0; i < values.length && !signal.aborted; i++) {
          const { id = `${run}-${places[i]}`, value } = recordOf(values[i])
          if (typeof id !== 'string') {
            refuse(places[i], 'invalid-id', 'id', 'must be text')
            continue
          }
          if (lanes.full) await lanes.room()
          lanes.add(
            key === undefined ? '' : (JSON.stringify(value[key]) ?? ''),
            id,
            JSON.stringify(value),
            places[i],
          )
        }
        lanes.flush()
      }
    } catch (error) {
      if (!signal.aborted) failure = error // Ctrl-C cuts off the input.
    } finally {
      await lanes.end().finally(() => door.close())
    }
    const text = `Stored ${thousands(stored)}${refused > 0 ? `, refused ${thousands(refused)}` : ''}.`
    const summary = json ? JSON.stringify({ stored, refused, open, source }) : text
    if (!failure || stored + refused + open > 0) await print(`${summary}\n`)
    if (failure) throw failure
    return refused > 0 || open > 0 ? EXIT.refused : EXIT.ok
  },
})

function openInput(file: string): Readable {
  if (file !== '-') {
    try {
      const descriptor = openSync(file, 'r')
      if (fstatSync(descriptor).isDirectory())
        throw new UsageError(
          `${file} is a folder; name a file with one value per line, or - for standard input.`,
        )
      return createReadStream(file, { fd: descriptor })
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === undefined) throw error
      throw new UsageError(
        code === 'ENOENT' ? `There is no file ${file}.` : `${file} cannot be read (${code}).`,
      )
    }
  }
  if (process.stdin.isTTY) process.stderr.write('Type values, one per line; end with Ctrl-D.\n')
  return process.stdin
}
