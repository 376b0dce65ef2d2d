import type { DeadLetterTopic } from '@weir/contracts'
import type { Kafka } from '@weir/kafka'
import { topics } from '@weir/solutions'
import { deadLetterTopics, originsOf } from '@weir/solutions/dead-letters.ts'
import {
  countLetters,
  eachLetter,
  type LeftLetters,
  newestLetters,
  selectorOf,
  redrive as sendBack,
  wasRedriven,
} from '@weir/topics/dead-letters/index.ts'
import { command, onlyPositionals, UsageError, wholeNumber } from '../command.ts'
import { readSelection, SELECT_OPTIONS, type SelectOptions, selectsNothing } from '../dlq/select.ts'
import { letterJson, letterText } from '../dlq/show.ts'
import { EXIT } from '../exit.ts'
import { withCodec, withKafka } from '../kafka.ts'
import { hint } from '../nearest.ts'
import { print, printJson } from '../terminal/output.ts'
import { Progress } from '../terminal/progress.ts'
import { table, thousands } from '../terminal/table.ts'

const usage = `
weir dlq [list] | show TOPIC | redrive TOPIC

Dead letters are records that a flow gave up. TOPIC is a dead-letter topic, or the topic whose records failed.

list      counts the dead letters by flow, step and code, and those that were sent back
show      prints the newest ones: cause, origin, headers, and the decoded record (--count N, default 10)
redrive   sends dead letters back to the topic they came from, byte for byte, under their own ids. Each is sent once, however often
          the command is repeated; a record that fails again becomes a new dead letter. Order is lost: a record is sent after
          records that followed it. Three kinds stay in the dead-letter topic: a truncated one, whose record was too large for
          it and is still at its origin; one that names another origin than the topics whose records fail here; and an unreadable
          one, which has only the offsets of a record batch that could not be read.

Which dead letters (all given conditions must hold; redrive needs at least one, or --all)
  --flow NAME  --step NAME  --code CODE
  --since TIME --until TIME         the time of failure: 2026-11-22T16:00:00Z or milliseconds since the epoch
  --at PARTITION:OFFSET             one dead letter, as printed by show; repeatable
  --all                             every dead letter

  --dry-run     redrive: only counts
  --again       redrive: includes dead letters that were sent back before
  --count N     show: the number of dead letters
  --json        prints JSON; show: one object per line

Examples
  weir dlq
  weir dlq show orders.placed --code unknown-schema --count 3
  weir dlq redrive orders.placed --code unknown-schema --since 2026-11-22T16:00:00Z --dry-run
  weir dlq redrive orders.placed --at 2:1048
`

const ACTIONS = ['list', 'show', 'redrive']

export const dlq = command({
  name: 'dlq',
  summary: 'List, show and redrive dead letters',
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
  const select = selectorOf(readSelection(options))
  await withCodec(async (codec) => {
    const { letters, invalid } = await newestLetters({ kafka, codec, topics, topic, select, count })
    if (letters.length === 0 && !json) await print('There are no such letters.\n')
    if (invalid > 0) process.stderr.write(`Records that are no letters, not shown: ${thousands(invalid)}.\n`)
    for (const letter of letters) await print(`${json ? letterJson(letter) : letterText(letter)}\n`)
  })
}

/** Finds a dead-letter topic by its own name, or by the topic whose records end in it. */
function deadLetterTopic(name: string | undefined): DeadLetterTopic {
  const known = deadLetterTopics()
  const found = known.find((topic) => topic === name || topic === `${name}.dead`)
  if (found) return found
  if (name === undefined) throw new UsageError(`Which dead-letter topic? There are ${known.join(', ')}.`)
  throw new UsageError(`${name} is no dead-letter topic.${hint(name, known)} There are ${known.join(', ')}.`)
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
  const select = selectorOf(readSelection(options))
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
