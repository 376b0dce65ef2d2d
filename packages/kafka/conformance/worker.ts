/**
 * A separate process that copies a topic in transactions, for tests that kill or freeze it. Runs until
 * SIGTERM.
 */
import { openKafka, partitionFor } from '../index.ts'
import { processing } from './records.ts'
import { configOf, type Variant } from './variant.ts'

export interface WorkerOptions {
  readonly variant: Variant
  readonly brokers: readonly string[]
  readonly groupId: string
  readonly input: string
  readonly output: string
  /** The first handler call waits in the middle for a message from the parent. */
  readonly hold: boolean
}

const { variant, brokers, groupId, input, output, hold }: WorkerOptions = JSON.parse(process.argv[2])
const { value: kafka, stop } = await openKafka(configOf(variant, brokers))
const partitions = await kafka.partitions(output)
let held = !hold

const member = await kafka.transform(
  { groupId, topics: [input], startAt: 'earliest', maxBatchRecords: 200 },
  processing(async (batch, out) => {
    const { bytes, keyStart, keyEnd, valueStart, valueEnd, headersStart, headersEnd } = batch
    for (let i = 0; i < batch.length; i++) {
      const partition = partitionFor(bytes, keyStart[i], keyEnd[i], partitions)
      out.append(
        output,
        partition,
        bytes,
        keyStart[i],
        keyEnd[i],
        bytes,
        valueStart[i],
        valueEnd[i],
        bytes,
        headersStart[i],
        headersEnd[i],
      )
    }
    if (held) return
    held = true
    process.send!({ holding: batch.partition })
    await new Promise((resolve) => process.once('message', resolve))
  }),
)

const ready = setInterval(() => {
  if (!member.ready()) return
  clearInterval(ready)
  process.send!('ready')
}, 20)

process.once('SIGTERM', async () => {
  await stop()
  process.exit(0)
})
process.once('disconnect', () => process.exit(1))
