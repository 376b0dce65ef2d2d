import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { captureOutput } from '../testing/capture-output.ts'
import { catalog } from './catalog.ts'

const printed = captureOutput()
const folder = mkdtempSync(join(tmpdir(), 'weir-crawl-'))

beforeAll(() => {
  vi.stubEnv('PRICING_URL', 'http://127.0.0.1:1')
})
afterAll(() => {
  rmSync(folder, { recursive: true })
})

test.each<[string[], string]>([
  [['lst'], 'Did you mean list?'],
  [['show'], 'Name a table: `weir catalog show TABLE`.'],
  [['list', 'a', 'b'], 'one argument too many'],
  [['crawl', 'x', '--file', 'y'], 'one argument too many'],
  [['crawl', '--file', '/nowhere.csv'], 'There is no file /nowhere.csv.'],
  [['crawl', 'x', '--sample', '0'], '--sample is "0"'],
])('the arguments %j are refused with a sentence', async (args, sentence) => {
  expect(await catalog.run(args)).toBe(2)
  expect(printed.said).toContain(sentence)
})

test('a service that is down is named', async () => {
  expect(await catalog.run(['show', 'x'])).toBe(4)
  expect(printed.said).toContain('The pricing at http://127.0.0.1:1 does not answer')
})

test.each<[string, string | Buffer, object[]]>([
  [
    'trips.csv.gz',
    gzipSync('id;fare;paid;note\n1;2.5;true;\n2;3;false;late\n'),
    [
      { name: 'id', type: 'int' },
      { name: 'fare', type: 'double' },
      { name: 'paid', type: 'boolean' },
      { name: 'note', type: ['null', 'string'], default: null },
    ],
  ],
  [
    'trips.ndjson',
    '{"id":1,"at":12345678901234567890123,"to":{"lat":1.5}}\n{"id":"b","at":1,"to":{"lat":2}}\nbroken\n',
    [
      { name: 'id', type: 'string' },
      { name: 'at', type: 'double' },
      { name: 'to', type: { type: 'record', name: 'Trips_to', fields: [{ name: 'lat', type: 'double' }] } },
    ],
  ],
])('a contract is proposed for the file %s', async (name, content, fields) => {
  writeFileSync(join(folder, name), content)
  expect(await catalog.run(['crawl', '--file', join(folder, name)])).toBe(0)
  expect(JSON.parse(printed.out)).toEqual({ type: 'record', name: 'Trips', fields })
  if (name === 'trips.ndjson') {
    expect(printed.said).toContain('id is number in 1, text in 1 of 2 values; text is proposed.')
    expect(printed.said).toContain('1 rows cannot be read: line 3')
  }
})
