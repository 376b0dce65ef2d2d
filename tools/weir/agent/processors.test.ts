import { read } from '@weir/topics/shape.ts'
import { expect, test } from 'vitest'
import { readProcessors } from './processors.ts'

function run(options: readonly object[], record: string): string | undefined {
  let text: string | undefined = record
  for (const process of read(readProcessors, options, 'refused')) if (text !== undefined) text = process(text)
  return text
}
const json = (options: readonly object[], record: string) => JSON.parse(run(options, record) ?? 'null')
const log = (logFormat: string, record: string) => json([{ optionName: 'LOGTOJSON', logFormat }], record)

test('lines are joined', () => {
  expect(run([{ optionName: 'SINGLELINE' }], '  one\r\n\ttwo \n three\n')).toBe('onetwothree\n')
})

test('cells become members', () => {
  const csv = { optionName: 'CSVTOJSON', customFieldNames: ['a', 'b', 'c'] }
  expect(json([csv], '1, two ,\n')).toEqual({ a: '1', b: 'two', c: '' })
  expect(json([csv], '1\n')).toEqual({ a: '1', b: null, c: null })
  expect(run([csv], '\n')).toBeUndefined()
  expect(json([{ ...csv, delimiter: '\\t' }], 'x\ty\tz,z\n')).toEqual({ a: 'x', b: 'y', c: 'z,z' })
})

const COMMON = '64.242.88.10 - frank [07/Mar/2004:16:10:02 -0800] "GET /a \\"b\\" HTTP/1.1" 200 6291'
const COMMON_JSON = {
  host: '64.242.88.10',
  ident: null,
  authuser: 'frank',
  datetime: '07/Mar/2004:16:10:02 -0800',
  request: 'GET /a \\"b\\" HTTP/1.1',
  response: '200',
  bytes: '6291',
}

test('log lines become objects, and other lines are dropped', () => {
  expect(log('COMMONAPACHELOG', `${COMMON}\n`)).toEqual(COMMON_JSON)
  expect(log('COMBINEDAPACHELOG', `${COMMON} "-" "Mozilla/5.0 (X11)"\r\n`)).toEqual({
    ...COMMON_JSON,
    referrer: null,
    agent: 'Mozilla/5.0 (X11)',
  })
  expect(
    log(
      'APACHEERRORLOG',
      '[Thu Jun 27 11:55:44.569531 2013] [core:info] [pid 35708:tid 432] [client 1.2.3.4:80] gone\n',
    ),
  ).toEqual({
    timestamp: 'Thu Jun 27 11:55:44.569531 2013',
    module: 'core',
    severity: 'info',
    processid: '35708',
    threadid: '432',
    client: '1.2.3.4:80',
    message: 'gone',
  })
  const syslog = { hostname: 'host', program: 'sshd', processid: '99', message: 'Accepted: key' }
  expect(log('SYSLOG', 'Mar  7 16:10:02 host sshd[99]: Accepted: key\n')).toEqual({
    timestamp: 'Mar  7 16:10:02',
    ...syslog,
  })
  expect(log('RFC3339SYSLOG', '2025-11-24T20:00:00.5+01:00 host sshd: Accepted: key\n')).toEqual({
    timestamp: '2025-11-24T20:00:00.5+01:00',
    ...syslog,
    processid: null,
  })
  expect(log('SYSLOG', 'something else\n')).toBeNull()
})

test('patterns of the file have groups with names, and take linear time', () => {
  const option = {
    optionName: 'LOGTOJSON',
    matchPattern: '(\\w+)=(\\d+).*',
    customFieldNames: ['name', 'value'],
  }
  expect(json([option], 'x=12 and more\n')).toEqual({ name: 'x', value: '12' })
  expect(run([{ ...option, matchPattern: '(a+)+(b)' }], `${'a'.repeat(50_000)}\n`)).toBeUndefined()
  for (const logFormat of [
    'COMMONAPACHELOG',
    'COMBINEDAPACHELOG',
    'APACHEERRORLOG',
    'SYSLOG',
    'RFC3339SYSLOG',
  ])
    for (const part of ['a ', '[', '"', '\\', ': ', 'a', '[a] '])
      expect(log(logFormat, part.repeat(200_000))).toBeNull()
}, 20_000)

test('metadata is added to objects and to texts', () => {
  const add = { optionName: 'ADDMETADATA', metadata: { hall: 'north' } }
  expect(json([add], '{"a":1}\n')).toEqual({ metadata: { hall: 'north' }, data: { a: 1 } })
  expect(json([add], 'plain\n')).toEqual({ metadata: { hall: 'north' }, data: 'plain' })
})
