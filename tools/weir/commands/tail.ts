import { jsonText, valueDecoder } from '@weir/codec'
import type { ReadOptions, RecordBatch } from '@weir/kafka'
import { topics } from '@weir/solutions'
import { command, moment, onlyPositionals, wholeNumber } from '../command.ts'
import { EXIT } from '../exit.ts'
import { existingTopic, withCodec, withKafka } from '../kafka.ts'
import { seeRecord } from '../tail/decoder.ts'
import { readFilters } from '../tail/filter.ts'
import { recordJson, recordLine } from '../tail/format.ts'
import { print, untilStopped } from '../terminal/output.ts'

const usage = `
weir tail TOPIC [options]

Shows the records of a topic as they arrive, decoded by their contract: time of arrival (UTC), key,
partition:offset, value. Shows only committed records. Ctrl-C ends it.

  --from POSITION        earliest, latest, or a time: 2026-11-22T16:00:00Z or milliseconds since the epoch (latest)
  --count N              stops after N records
  --filter FIELD=VALUE   shows only records whose field has that value. FIELD is a path into the value, or
                         key, id, source or partition. Repeatable
  --json                 prints one JSON object per line

Examples
  weir tail orders.priced
  weir tail orders.priced --from earliest --filter state=PAID --count 10
  weir tail orders.placed --filter source=simulator --json | jq .value.total
`

export const tail = command({
  name: 'tail',
  summary: 'Show the records of a topic as they arrive',
  usage,
  options: {
    from: { type: 'string', default: 'latest' },
    count: { type: 'string' },
    filter: { type: 'string', multiple: true, default: [] },
    json: { type: 'boolean', default: false },
  },
  async run(values, positionals) {
    onlyPositionals(positionals, 1)
    const from = readFrom(values.from)
    const count = wholeNumber('--count', values.count, Infinity, 1, 1e9)
    const matches = readFilters(values.filter)
    const signal = untilStopped()
    await withKafka((kafka) =>
      withCodec(async (codec) => {
        const topic = await existingTopic(kafka, positionals[0])
        const decode = await valueDecoder(codec, topics, topic)
        const over = Promise.withResolvers<void>()
        signal.addEventListener('abort', () => over.resolve())
        let shown = 0
        const show = async (batch: RecordBatch): Promise<void> => {
          const { unreadable, partition, nextOffset } = batch
          if (unreadable !== undefined) {
            process.stderr.write(
              `weir tail: ${partition}:${unreadable.firstOffset} to ${partition}:${nextOffset - 1} cannot be read: ${unreadable.reason}.\n`,
            )
          }
          let lines = ''
          for (let i = 0; i < batch.length && shown < count && !signal.aborted; i++) {
            const record = await seeRecord(batch, i, decode)
            if (!matches(record)) continue
            shown++
            lines += `${values.json ? jsonText(recordJson(record)) : recordLine(record, Date.now())}\n`
          }
          if (lines !== '') await print(lines, signal)
          if (shown >= count) over.resolve()
        }
        // Partitions are read in parallel; their lines go out one batch at a time.
        let turn = Promise.resolve()
        const reading = await kafka.read(
          { topics: [topic], from, until: 'stopped' },
          (batch) => (turn = turn.then(() => show(batch)).catch(over.reject)),
        )
        try {
          await Promise.race([over.promise, reading.done])
        } finally {
          await reading.stop()
        }
      }),
    )
    return EXIT.ok
  },
})

function readFrom(text: string): ReadOptions['from'] {
  return text === 'earliest' || text === 'latest'
    ? text
    : { timestamp: moment('--from', text, 'earliest, latest, ') }
}
