import { servers, uniqueName } from '@weir/testkit'
import { beforeAll, expect, test } from 'vitest'
import { append, caughtUp, createTopic, produceNumbered, valueText } from './records.ts'
import { describeDriver, open } from './suite.ts'

const RECORDS = 200
/** The bytes of one output: all of them are more than one transaction holds. */
const BYTES = 900_000

let brokers: string[]
beforeAll(async () => ({ brokers } = await servers.kafka()))

describeDriver('more output than one transaction holds', (variant) => {
  test('is written in several transactions: each record once, in order, also after a failure in the last one', async () => {
    const kafka = await open(variant, brokers)
    const topic = await createTopic(kafka, uniqueName('large-output'), 1)
    const output = await createTopic(kafka, `${topic}-out`, 1)
    await produceNumbered(kafka, topic, 1, RECORDS)
    const rest = Buffer.alloc(BYTES, '.')
    let failed = false
    let largest = 0
    /** The state of the task: the number of the record that it expects next. */
    let next = -1
    const member = await kafka.transform({ groupId: topic, topics: [topic], startAt: 'earliest' }, () => ({
      begin: ([{ offset }]) => void (next = offset),
      process: (batch, out) => {
        largest = Math.max(largest, batch.length)
        for (let i = 0; i < batch.length; i++) {
          expect(batch.offsets[i]).toBe(next++)
          append(out, output, 0, null, Buffer.concat([Buffer.from(valueText(batch, i)), rest]))
          if (!failed && batch.length < RECORDS / 2 && valueText(batch, i) === `key-0:${RECORDS - 1}`) {
            failed = true
            throw new Error('once, in the last part')
          }
        }
      },
    }))
    await caughtUp(kafka, topic, 60_000)
    await member.stop()
    expect(largest, 'the batch was too much for one').toBeGreaterThan(RECORDS / 2)
    expect(failed).toBe(true)
    const seen: string[] = []
    await (
      await kafka.read({ topics: [output], from: 'earliest', until: 'end' }, (batch) => {
        for (let i = 0; i < batch.length; i++)
          seen.push(
            batch.bytes.toString('latin1', batch.valueStart[i], batch.valueStart[i] + 10).split('.')[0],
          )
      })
    ).done
    expect(seen).toEqual(Array.from({ length: RECORDS }, (_, i) => `key-0:${i}`))
  })
})
