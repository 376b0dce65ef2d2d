/** Hostile requests are refused with AWS's errors; none causes an internal error. */
import { firehoseModel } from '@weir/aws'
import { uniqueName } from '@weir/testkit'
import { describe, expect, test } from 'vitest'
import { DESTINATION, openFirehoseTests } from './testing/firehose.ts'

/** The number of concurrent requests. */
const AT_ONCE = 16
/** Errors quote only a part of each value. */
const MAX_ERROR_BYTES = 16 << 10

interface Answer {
  readonly status: number
  readonly body: any
}

const { hub, create, stored } = await openFirehoseTests()

async function ask(operation: string, body: string): Promise<Answer> {
  const headers = {
    'content-type': 'application/x-amz-json-1.1',
    'x-amz-target': `Firehose_20150804.${operation}`,
  }
  const response = await fetch(hub.url, { method: 'POST', headers, body })
  const text = await response.text()
  return { status: response.status, body: text === '' ? {} : JSON.parse(text) }
}
const json = (operation: string, input: object): Promise<Answer> => ask(operation, JSON.stringify(input))
const internalErrors = () => hub.logs().filter(({ level }) => level === 'error' || level === 'fatal')

test("hostile values of any member of any operation are refused with AWS's errors", async () => {
  const name = await create()
  const values = [
    '',
    '\0',
    '..',
    '__proto__',
    '\ud800',
    '9'.repeat(39),
    'x'.repeat(3000),
    'arn:aws:firehose:us-east-1:111111111111:deliverystream/x',
    'arn:a:b:s3:::..',
    null,
    -1,
    1e300,
    [null],
    { a: {} },
    [{ Key: '__proto__', Value: 'x' }],
  ]
  const usual: Readonly<Record<string, unknown>> = {
    DeliveryStreamName: name,
    CurrentDeliveryStreamVersionId: '999',
    DestinationId: 'destinationId-000000000001',
    Record: { Data: 'aGVsbG8=' },
    Records: [{ Data: 'aGVsbG8=' }],
    Tags: [{ Key: 'a' }],
    TagKeys: ['a'],
  }
  const requests: [string, object][] = []
  for (const [operation, { input }] of Object.entries(firehoseModel.operations)) {
    const shape = firehoseModel.shapes[input!]
    if (shape.type !== 'structure') continue
    const members = Object.keys(shape.members)
    const base = Object.fromEntries(members.filter((one) => one in usual).map((one) => [one, usual[one]]))
    if (operation === 'DeleteDeliveryStream') base.DeliveryStreamName = uniqueName('none')
    for (const member of members)
      for (const value of values) requests.push([operation, { ...base, [member]: value }])
  }
  for (const value of values)
    for (const member of Object.keys(structure('ExtendedS3DestinationConfiguration')))
      requests.push([
        'CreateDeliveryStream',
        {
          DeliveryStreamName: name,
          ExtendedS3DestinationConfiguration: { ...DESTINATION, [member]: value },
        },
      ])
  const wrong: string[] = []
  const queue = [...requests]
  const sendAll = async (): Promise<void> => {
    for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
      const { status, body } = await json(...next)
      const isClients =
        status === 200 ||
        (status === 400 && typeof body.__type === 'string' && JSON.stringify(body).length < MAX_ERROR_BYTES)
      if (!isClients) wrong.push(JSON.stringify([next, status, body]).slice(0, 500))
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, sendAll))
  expect(requests.length).toBeGreaterThan(1000)
  expect(wrong).toEqual([])
  expect(internalErrors()).toEqual([])
})

const structure = (name: string): object => {
  const shape = firehoseModel.shapes[name]
  return shape.type === 'structure' ? shape.members : {}
}

describe('records', () => {
  test('are refused as a whole if one of them is wrong', async () => {
    const DeliveryStreamName = await create()
    const batch = (Records: unknown) => json('PutRecordBatch', { DeliveryStreamName, Records })
    const good = { Data: 'aGVsbG8=' }
    const cases: [unknown, string][] = [
      [[], 'ValidationException'],
      [new Array(501).fill(good), 'ValidationException'],
      [[good, {}], 'ValidationException'],
      [[good, { Data: '' }], 'ValidationException'],
      [[good, { Data: Buffer.alloc(1_024_001).toString('base64') }], 'ValidationException'],
      [[good, { Data: 'no base64!' }], 'SerializationException'],
      [[good, { Data: 'aGVsbG8' }], 'SerializationException'],
      [[good, { Data: 5 }], 'SerializationException'],
      [[good, null], 'ValidationException'],
      [{ 0: good }, 'SerializationException'],
    ]
    for (const [records, expected] of cases) {
      const { status, body } = await batch(records)
      expect([JSON.stringify(records).slice(0, 60), status, body.__type]).toEqual([
        JSON.stringify(records).slice(0, 60),
        400,
        expected,
      ])
      // Data that was decoded is never quoted.
      if (expected === 'ValidationException') expect(body.message).not.toMatch(/aGVsbG8|hello/)
    }
    expect(await stored(DeliveryStreamName)).toEqual([])
    expect(internalErrors()).toEqual([])
  })

  test('that are too many bytes are refused, and not even read if they are far too many', async () => {
    const DeliveryStreamName = await create()
    const Data = Buffer.alloc(1_000_000).toString('base64')
    const batch = (count: number) =>
      json('PutRecordBatch', { DeliveryStreamName, Records: new Array(count).fill({ Data }) })
    expect((await batch(5)).body.__type).toBe('InvalidArgumentException')
    expect(await batch(6)).toMatchObject({ status: 413 })
    expect(await stored(DeliveryStreamName)).toEqual([])
  })
})

test('deep and broken JSON is refused', async () => {
  const deep = '['.repeat(200_000) + ']'.repeat(200_000)
  const nested = `${'{"S3DestinationConfiguration":'.repeat(5000)}{}${'}'.repeat(5000)}`
  for (const body of [
    deep,
    `{"Tags":${deep}}`,
    nested,
    '{"DeliveryStreamName":"a"',
    '',
    '\0',
    'null',
    '"x"',
    '[]',
  ]) {
    const { status, body: answer } = await ask('CreateDeliveryStream', body)
    expect([body.slice(0, 40), status, typeof answer.__type]).toEqual([body.slice(0, 40), 400, 'string'])
  }
  expect(internalErrors()).toEqual([])
})

test('names with dots only are names', async () => {
  for (const DeliveryStreamName of ['..', '...a']) {
    await create({ DeliveryStreamName })
    expect((await json('PutRecord', { DeliveryStreamName, Record: { Data: 'eA==' } })).status).toBe(200)
    expect((await stored(DeliveryStreamName)).map(({ text }) => text)).toEqual(['x'])
  }
})
