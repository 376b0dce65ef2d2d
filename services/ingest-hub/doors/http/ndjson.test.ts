import type { Producer } from '@weir/kafka'
import { Admission } from '@weir/service'
import { expect, test } from 'vitest'
import type { IntakeTopic } from '../../intake/intake.ts'
import { RecordHeaders } from '../../intake/record-headers.ts'
import { Submission } from '../../intake/submission.ts'
import { LIMITS } from './limits.ts'
import { storeLines } from './ndjson.ts'

test('a chunk of wrong lines is read only as long as there is room for their errors', async () => {
  const lease = new Admission(1 << 20).lease()
  lease.identify('client')
  const headers = new RecordHeaders('source', '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01')
  // No line gets as far as the topic and its producer.
  const topic = { key: 'deviceId', partitions: 1 } as IntakeTopic
  const producer = { delivery: () => ({}) } as unknown as Producer
  const lines = 5000
  const outcome = await storeLines({
    chunks: (async function* () {
      yield Buffer.from('x\n'.repeat(lines))
    })(),
    lease,
    mayWrite: () => true,
    submission: (first) => new Submission(topic, producer, headers, 0, first),
  })
  expect(outcome.errors.at(-1)).toMatchObject({ code: 'buffer-full', toEnd: true, index: outcome.count })
  expect(outcome.failed).toBeGreaterThanOrEqual(LIMITS.windowErrors)
  expect(outcome.failed).toBeLessThan(LIMITS.windowRecords)
})
