import { Readable } from 'node:stream'
import { expect, test } from 'vitest'
import { UsageError } from '../command.ts'
import { readInput, recordOf } from './input.ts'

/** Reads the text in pieces of 7 characters, as a pipe may cut it. */
async function read(text: string): Promise<{ places: number[]; values: unknown[]; faults: unknown[] }> {
  const all = { places: [] as number[], values: [] as unknown[], faults: [] as unknown[] }
  for await (const { places, values, faults } of readInput(Readable.from(text.match(/[\s\S]{1,7}/g) ?? []))) {
    all.places.push(...places)
    all.values.push(...values)
    all.faults.push(...faults)
  }
  return all
}

test.each([
  ['lines of one value each', '{"a":1}\n\n{"a":2}\n{"a":3}', [1, 3, 4]],
  ['a single value', '{"a":1}', [1]],
  ['a single value over several lines', '{\n  "a":\n 1 }\n', [1]],
  ['a list', '[{"a":1},\n{"a":2}]', [1, 2]],
  ['a body on one line', '{"records":[{"a":1},{"a":2}]}\n', [1, 2]],
  ['a body of the hub', '{ "records": [\n{"a":1}, {"a":2}]}', [1, 2]],
])('values are read from %s', async (_, text, places) => {
  expect(await read(text)).toEqual({ places, values: places.map((__, i) => ({ a: i + 1 })), faults: [] })
})

test('a value that is not an object is reported with its place, and its neighbours are read', async () => {
  expect((await read('[1,{"a":1},null]')).faults).toEqual([
    { place: 1, problem: 'is not a JSON object' },
    { place: 3, problem: 'is not a JSON object' },
  ])
  const lines = await read('{"a":1}\n{"a":\n{"a":3}\n')
  expect(lines.places).toEqual([1, 3])
  expect(lines.faults).toMatchObject([{ place: 2 }])
  expect((await read('{"a":1}\n{"a":"Z\uDC80rich"}\n')).faults).toEqual([
    { place: 2, problem: 'has bytes that are not UTF-8' },
  ])
  await expect(read('')).rejects.toThrow(new UsageError('There is nothing to send.'))
  await expect(read('{"a":')).rejects.toThrow('not JSON')
})

test.each([
  ['lines of one value each', '{"a":9007199254740993}\n{"a":0.12345678901234567}\n'],
  ['a list', '[{"a":9007199254740993},{"a":0.12345678901234567}]'],
])('no number is rounded in %s', async (_, text) => {
  expect(JSON.stringify((await read(text)).values)).toBe('[{"a":9007199254740993},{"a":0.12345678901234567}]')
})

test('a record may have an id of its own', () => {
  expect(recordOf({ id: 'x', value: { a: 1 } })).toEqual({ id: 'x', value: { a: 1 } })
  expect(recordOf({ id: 7, value: { a: 1 } })).toEqual({ id: 7, value: { a: 1 } })
  expect(recordOf({ a: 1 })).toEqual({ id: undefined, value: { a: 1 } })
  expect(recordOf({ value: 3 })).toEqual({ id: undefined, value: { value: 3 } })
})
