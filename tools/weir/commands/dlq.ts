import type { Kafka, RecordBatch } from '@weir/kafka'
import { command, onlyPositionals, UsageError, wholeNumber } from '../command.ts'
import {
  deadLetterTopic,
  deadLetterTopics,
  eachLetter,
  letterOf,
  originsOf,
  wasRedriven,
} from '../dlq/letters.ts'
import { countLetters } from '../dlq/list.ts'
import { type LeftLetters, redrive as sendBack } from '../dlq/redrive.ts'
import { readSelect, SELECT_OPTIONS, type SelectOptions, selectsNothing } from '../dlq/select.ts'
import { letterJson, letterText, type ShownLetter, showLetter } from '../dlq/show.ts'
import { EXIT } from '../exit.ts'
import { withCodec, withKafka } from '../kafka.ts'
import { hint } from '../nearest.ts'
import { type DecodeValue, valueDecoder } from '../tail/decoder.ts'
import { print, printJson } from '../terminal/output.ts'
import { Progress } from '../terminal/progress.ts'
import { table, thousands } from '../terminal/table.ts'

const usage = `
weir dlq [list] | show TOPIC | redrive TOPIC

Dead letters are records that a flow gave up. TOPIC is a dead-letter topic, or the topic whose records died.

list      how many there are, by flow, step and code, and how many were sent back
show      the newest of them: cause, origin, headers, and the record, decoded where it can be (--count N, 10)
redrive   sends letters back to the topic they came from, byte for byte, under their own ids. Each is sent once, whoever repeats the
          command; a letter that dies again is a new letter. Order is lost: a letter comes after records that were sent after it.
          A truncated letter stays: its record was too large for it, and lies at its origin for as long as that topic keeps it.
          So does one that names another topic than those whose records die there: no flow of these solutions wrote it.
          An unreadable letter stays, too: it names the offsets of a record batch whose bytes nothing could read.

Which letters (all conditions given must hold; redrive wants at least one, or --all)
  --flow NAME  --step NAME  --code CODE
  --since TIME --until TIME         when they died: 2026-11-22T16:00:00Z or milliseconds since the epoch
  --at PARTITION:OFFSET             one letter, as show names it. Repeatable
  --all                             every letter

  --dry-run     redrive: only count
  --again       redrive: also letters that were sent back before
  --count N     show: how many
  --json        for programs; show: one JSON object a line

Examples
  weir dlq
  weir dlq show orders.placed --code unknown-schema --count 3
  weir dlq redrive orders.placed --code unknown-schema --since 2026-11-22T16:00:00Z --dry-run
  weir dlq redrive orders.placed --at 2:1048
`

const ACTIONS = ['list', 'show', 'redrive']

export const dlq = command({
  name: 'dlq',
  summary: 'List, show and send back dead letters',
  usage,
  options: {
    ...SELECT_OPTIONS,
    all: { type: 'boolean', default: false },
    'dry-run': { type: 'boolean', default: false },
    again: { type: 'boolean', default: false },
    count: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
  async run(values, [action = 'list', ...rest]) {
    if (!ACTIONS.includes(action))
      throw new UsageError(`There is no \`weir dlq ${action}\`.${hint(action, ACTIONS)}`)
    onlyPositionals(rest, action === 'list' ? 0 : 1)
    if (action === 'list') await withKafka((kafka) => list(kafka, values.json))
    else if (action === 'show')
      await withKafka((kafka) =>
        show(kafka, rest[0], values, wholeNumber('--count', values.count, 10, 1, 10_000), values.json),
      )
    else await withKafka((kafka) => redrive(kafka, rest[0], values))
    return EXIT.ok
  },
})

async function list(kafka: Kafka, json: boolean): Promise<void> {
  const existing = new Set((await kafka.admin.topics()).map((topic) => topic.name))
  const counts = (
    await Promise.all(
      deadLetterTopics()
        .filter((topic) => existing.has(topic))
        .map((topic) => countLetters(kafka, topic)),
    )
  ).flat()
  if (json)
    return printJson(counts.map((count) => ({ ...count, newest: new Date(count.newest).toISOString() })))
  if (counts.length === 0) return print('There are no dead letters.\n')
  await print(
    table(
      ['TOPIC', 'FLOW', 'STEP', 'CODE', 'LETTERS', 'SENT BACK', 'NEWEST'],
      counts.map(({ topic, flow, step, code, letters, redriven, newest }) => [
        topic,
        flow,
        step,
        code,
        letters,
        redriven,
        new Date(newest).toISOString(),
      ]),
    ),
  )
}

async function show(
  kafka: Kafka,
  name: string | undefined,
  options: SelectOptions,
  count: number,
  json: boolean,
): Promise<void> {
  const topic = deadLetterTopic(name)
  const select = readSelect(options)
  await withCodec(async (codec) => {
    const reader = await codec.reader(topic)
    const decoders = new Map<string, DecodeValue>()
    let unreadable = 0
    const newest: {
      readonly timestamp: number
      readonly shown: ShownLetter
      readonly partition: number
      readonly offset: number
    }[] = []
    const holding = await eachLetter(kafka, topic, async (batch: RecordBatch, index) => {
      const timestamp = batch.timestamps[index]
      if (!select(batch, index) || (newest.length >= count && timestamp < newest[0].timestamp)) return
      await reader.prepare(batch)
      const letter = letterOf(reader, batch, index)
      if (letter === undefined) {
        unreadable++
        return
      }
      if (!decoders.has(letter.topic)) decoders.set(letter.topic, await valueDecoder(codec, letter.topic))
      newest.push({
        timestamp,
        partition: batch.partition,
        offset: batch.offsets[index],
        shown: await showLetter(batch, index, letter, decoders.get(letter.topic)!),
      })
      newest.sort((a, b) => a.timestamp - b.timestamp)
      if (newest.length > count) newest.shift()
    })
    if (newest.length === 0 && !json) await print('There are no such letters.\n')
    if (unreadable > 0)
      process.stderr.write(`Records that are no letters, not shown: ${thousands(unreadable)}.\n`)
    for (const { shown, partition, offset } of newest) {
      const redriven = wasRedriven(holding, partition, offset)
      await print(json ? `${letterJson(shown, redriven)}\n` : `${letterText(shown, redriven)}\n`)
    }
  })
}

interface RedriveValues extends SelectOptions {
  readonly all: boolean
  readonly 'dry-run': boolean
  readonly again: boolean
  readonly json: boolean
}

async function redrive(kafka: Kafka, name: string | undefined, options: RedriveValues): Promise<void> {
  const topic = deadLetterTopic(name)
  if (!options.all && selectsNothing(options))
    throw new UsageError('Say which letters: --all, or a condition such as --code or --at.')
  const select = readSelect(options)
  const chosen: { readonly partition: number; readonly offset: number }[] = []
  const holding = await eachLetter(kafka, topic, (batch, index) => {
    if (select(batch, index)) chosen.push({ partition: batch.partition, offset: batch.offsets[index] })
  })
  const before = chosen.filter(({ partition, offset }) => wasRedriven(holding, partition, offset)).length
  const due = options.again ? chosen.length : chosen.length - before
  let done = 0
  const origins = originsOf(topic)
  let left: LeftLetters = { truncated: 0, foreign: 0, unreadable: 0, invalid: 0 }
  if (!options['dry-run'] && due > 0) {
    process.stderr.write('The order of records is lost: those sent back come after what was sent since.\n')
    const progress = new Progress(() => ({ what: 'sending back', records: done, fraction: done / due }))
    try {
      await withCodec(async (codec) => {
        const reader = await codec.reader(topic)
        const sent = (count: number): void => {
          done = count
        }
        left = (await sendBack({ kafka, holding, select, origins, reader, again: options.again, sent })).left
      })
    } finally {
      progress.stop()
    }
  }
  const dryRun = options['dry-run']
  if (options.json) {
    return printJson({
      topic,
      selected: chosen.length,
      sentBackBefore: before,
      sentBack: done,
      ...left,
      dryRun,
    })
  }
  const letters = (count: number): string => `${thousands(count)} ${count === 1 ? 'letter' : 'letters'}`
  const skipped =
    before > 0 && !options.again
      ? ` Sent back before and left out: ${letters(before)}; --again sends them too.`
      : ''
  const { truncated, foreign, unreadable, invalid } = left
  const sentences = [
    `${dryRun ? `Would send back ${letters(due)}.` : `Sent back ${letters(done)}.`}${skipped}`,
  ]
  const where = '`weir dlq show` says where their records lie'
  if (truncated > 0) sentences.push(`Truncated, which stay: ${letters(truncated)}; ${where}.`)
  if (foreign > 0)
    sentences.push(`Of another origin than ${[...origins].join(', ')}, which stay: ${letters(foreign)}.`)
  if (unreadable > 0)
    sentences.push(`Unreadable, which stay: ${letters(unreadable)}; they hold nothing to send.`)
  if (invalid > 0) sentences.push(`Records that are no letters, which stay: ${thousands(invalid)}.`)
  await print(`${sentences.join(' ')}\n`)
}
