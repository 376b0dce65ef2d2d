import { describe, expect, test } from 'vitest'
import { newMapping } from './api/mapping-input.ts'
import { checks, fromModule } from './entry-checks.ts'
import { NOTED_DEFAULTS } from './lambda-runtimes.ts'

const SHA256 = 'ab'.repeat(32)
const archive = { id: `${SHA256}-01234567`, sha256: SHA256, bytes: 100 }
const version = {
  name: 'f',
  version: '7',
  runtime: 'nodejs24.x',
  handler: 'src/app.handler',
  description: '',
  role: '',
  memoryMb: 128,
  timeoutMs: 3000,
  environment: { A1: 'b' },
  archive,
  noted: NOTED_DEFAULTS,
  revisionId: 'r',
  modifiedAt: 1,
}
const latest = { ...version, version: '$LATEST', lastPublished: 0, tags: {} }
const module = {
  name: 'old',
  file: 'index.mjs',
  code: '1',
  handler: 'index.handler',
  memoryMb: 128,
  timeoutMs: 3000,
  concurrency: 2,
  environment: {},
  deployedAt: 5,
}

test('valid entries pass, even with fields of a later version', () => {
  checks.latest({ ...latest, reserved: 0, added: 1 }, 'f')
  checks.version(version, 'f:7')
  checks.alias(
    { name: 'f', alias: 'live', version: '7', description: '', weights: { 8: 0.5 }, revisionId: 'r' },
    'f:live',
  )
  checks.events({ name: 'f', qualifier: '$LATEST', modifiedAt: 1, onFailure: 'kafka://t' }, 'f:$LATEST')
  checks.archive({ ...archive, offset: 0, storedAt: 1, leaving: true }, archive.id)
  checks.function(module, 'old')
})

describe('an entry is refused if it has', () => {
  const path = '../../planted'
  test.each<[string, keyof typeof checks, string, unknown]>([
    ['a name that is a path', 'latest', path, { ...latest, name: path }],
    ['the name of another function', 'latest', 'g', latest],
    ['a hash that is a path', 'latest', 'f', { ...latest, archive: { ...archive, sha256: path } }],
    ['an archive that is a path', 'version', 'f:7', { ...version, archive: { ...archive, id: path } }],
    [
      'a file that is a path',
      'latest',
      'f',
      { ...latest, archive: undefined, module: { file: `${path}.mjs`, code: '1' } },
    ],
    ['two kinds of code', 'latest', 'f', { ...latest, module: { file: 'index.mjs', code: '1' } }],
    ['neither kind of code', 'latest', 'f', { ...latest, archive: undefined }],
    ['a version that is not a number', 'version', 'f:x', { ...version, version: 'x' }],
    ['too much memory', 'latest', 'f', { ...latest, memoryMb: 1e9 }],
    ['too little memory', 'latest', 'f', { ...latest, memoryMb: -1 }],
    ['too long a time-out', 'latest', 'f', { ...latest, timeoutMs: 1e12 }],
    ['variables that are not strings', 'latest', 'f', { ...latest, environment: { A1: { b: 1 } } }],
    [
      'weights for many',
      'alias',
      'f:live',
      {
        name: 'f',
        alias: 'live',
        version: '1',
        description: '',
        weights: { 2: 0.1, 3: 0.1 },
        revisionId: 'r',
      },
    ],
    [
      'a destination that is none',
      'events',
      'f:$LATEST',
      { name: 'f', qualifier: '$LATEST', modifiedAt: 1, onFailure: 'http://x' },
    ],
    ['an archive under another id', 'archive', `${SHA256}-76543210`, { ...archive, offset: 0, storedAt: 1 }],
    ['an old file that is a path', 'function', 'old', { ...module, file: `${path}.mjs` }],
    ['an old name that is a path', 'function', path, { ...module, name: path }],
    ['a list', 'latest', 'f', []],
    ['nothing', 'version', 'f:7', null],
  ])('%s', (_what, kind, id, state) => expect(() => checks[kind](state, id)).toThrow())
})

test('a module of an older version becomes $LATEST', () => {
  expect(fromModule(module, 'nodejs24.x', NOTED_DEFAULTS)).toMatchObject({
    name: 'old',
    version: '$LATEST',
    module: { file: 'index.mjs', code: '1' },
    reserved: 2,
    modifiedAt: 5,
    lastPublished: 0,
    handler: 'index.handler',
  })
})

describe('the entry of a mapping', () => {
  const stream = newMapping(
    'm',
    { name: 'f' },
    {
      EventSourceArn: 'arn:aws:kinesis:eu-west-1:123456789012:stream/orders',
      StartingPosition: 'AT_TIMESTAMP',
      StartingPositionTimestamp: new Date(-5),
      FilterCriteria: { Filters: [{ Pattern: '{"data":{"a":[1]}}' }] },
      DestinationConfig: { OnFailure: { Destination: 'kafka://dead' } },
      Tags: { 'weir:once': '15', 'weir:output': 'results' },
      ScalingConfig: { MaximumConcurrency: 2 },
      Enabled: false,
    },
    { region: 'eu-west-1', accountId: '123456789012' },
    1,
  )
  const stored = JSON.parse(JSON.stringify(stream)) as object
  const ofSolution = {
    ...stored,
    asked: undefined,
    filters: undefined,
    onFailure: undefined,
    start: 'TRIM_HORIZON',
    source: { kind: 'kafka', topic: 't' },
  }

  test.each([
    ['made by the API', stored],
    ['made by a solution', ofSolution],
    ['made by a later version with more fields', { ...stored, added: 1 }],
  ])('passes if it is %s', (_what, entry) => {
    expect(() => checks.mapping(entry, 'm')).not.toThrow()
  })

  test.each<[string, object]>([
    ['no source', { source: undefined }],
    ['an invalid source', { source: { kind: 'kafka', topic: '../x' } }],
    ['a stream without a name', { source: { kind: 'kinesis' } }],
    ['no settings', { settings: undefined }],
    ['empty batches', { settings: { ...stream.settings, batchSize: 0 } }],
    ['an age that is a string', { settings: { ...stream.settings, maxAgeMs: '5' } }],
    ['no start', { start: 'SOMEWHERE' }],
    ['a start that is not a time', { start: { timestamp: 'yesterday' } }],
    ['ids that are kept too long', { onceMs: 1e12 }],
    ['invalid filters', { filters: { Filters: 5 } }],
    ['too high a concurrency', { maxConcurrency: 1e9 }],
    ['tags that are not strings', { asked: { modifiedAt: 1, tags: { a: {} } } }],
    ['the id of another mapping', { id: 'n' }],
  ])('is refused if it has %s', (_what, changes) => {
    expect(() => checks.mapping(JSON.parse(JSON.stringify({ ...stored, ...changes })), 'm')).toThrow()
  })
})
