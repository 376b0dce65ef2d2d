import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AwsError, api, awsDoor, lambdaModel } from '@weir/aws'
import { clientOf, LOCAL_KEY } from '@weir/aws/access-key-file.ts'
import { ownModel } from '@weir/enricher/functions/api/own-model.ts'
import { type HttpServer, logger, openHttp, type Resource } from '@weir/service'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { fromBufferPromise } from 'yauzl'
import { captureOutput } from '../testing/capture-output.ts'
import { functions } from './functions.ts'
import { linesSince } from './functions-follow.ts'

const folder = mkdtempSync(join(tmpdir(), 'weir-functions-'))
const file = join(folder, 'offers.mjs')
const local = clientOf(LOCAL_KEY, () => true)
const heard: { readonly operation: string; readonly [member: string]: unknown }[] = []
const known = new Set<string>()
let server: Resource<HttpServer>
const printed = captureOutput()

beforeAll(async () => {
  writeFileSync(file, 'export const handler = async () => 1')
  const access = { client: (id: string) => (id === local.name ? local : undefined), anonymous: undefined }
  const maxBodyBytes = 1 << 20
  const one = (FunctionName: string) => ({
    FunctionName,
    Runtime: 'nodejs24.x',
    Handler: 'index.handler',
    Description: 'Part of a solution',
    MemorySize: 256,
    Timeout: 3,
    Version: '$LATEST',
    CodeSha256: Buffer.alloc(32, 0xab).toString('base64'),
    State: 'Active',
    LastUpdateStatus: 'Successful',
  })
  const note = (operation: string) => (input: { readonly FunctionName: string }) => {
    heard.push({ operation, ...input })
    known.add(input.FunctionName)
    return { ...one(input.FunctionName), Version: '7' }
  }
  const missing = (text: string) => {
    throw new AwsError('ResourceNotFoundException', text, 404)
  }
  const lambda = api(
    lambdaModel,
    {
      ListFunctions: ({ Marker }: { Marker?: string }) =>
        Marker === undefined
          ? { Functions: [one('first')], NextMarker: 'a b' }
          : { Functions: [one('second')] },
      Invoke: ({ FunctionName, Payload }: { FunctionName: string; Payload: Buffer }) =>
        FunctionName === 'fails'
          ? {
              StatusCode: 200,
              FunctionError: 'Handled',
              LogResult: Buffer.from('printed\n').toString('base64'),
              Payload: Buffer.from('{"errorType":"Error"}'),
            }
          : { StatusCode: 200, Payload },
      GetFunctionConfiguration: ({ FunctionName }: { FunctionName: string }) =>
        known.has(FunctionName) ? one(FunctionName) : missing('Function not found'),
      CreateFunction: note('create'),
      UpdateFunctionCode: note('code'),
      UpdateFunctionConfiguration: note('settings'),
      PublishVersion: note('publish'),
      CreateAlias: () => {
        throw new AwsError('ResourceConflictException', 'Alias already exists', 409)
      },
      UpdateAlias: note('alias'),
      PutFunctionConcurrency: note('reserve'),
      DeleteFunction: () => ({ StatusCode: 204 }),
    },
    { maxBodyBytes },
  )
  const own = api(
    ownModel,
    {
      GetFunctionLogs: () => ({ lines: Buffer.from('one\ntwo\n') }),
      GetRuntimes: () => ({
        Runtimes: ['nodejs22.x', 'nodejs24.x'],
        Confinement: 'Functions run in namespaces of their own.',
      }),
    },
    { maxBodyBytes, folder: '/v1/functions/' },
  )
  const log = logger('test')
  log.level = 'silent'
  server = await openHttp(
    { host: '127.0.0.1', port: 0 },
    {
      log,
      ready: {},
      routes: async (app) => {
        const account = { region: 'us-east-1', accountId: '000000000000' }
        await app.register(awsDoor({ access, account }, [lambda, own]))
      },
    },
  )
  vi.stubEnv('ENRICHER_URL', server.value.url)
  for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_REGION']) vi.stubEnv(name, undefined)
})
afterAll(async () => {
  await server.stop(1000)
  rmSync(folder, { recursive: true, force: true })
})

test('the functions of all pages are listed', async () => {
  expect(await functions.run([])).toBe(0)
  expect(printed.out).toMatch(
    /^.*NAME.*\nfirst +nodejs24\.x +index\.handler +256 +3 +abababababab +- +Part of a solution\nsecond .*\n\nFunctions run in namespaces of their own\.\nRuntimes: nodejs22\.x, nodejs24\.x\.\n$/,
  )
  printed.out = ''
  expect(await functions.run(['list', '--json'])).toBe(0)
  expect(
    (JSON.parse(printed.out) as { FunctionName: string }[]).map(({ FunctionName }) => FunctionName),
  ).toEqual(['first', 'second'])
})

test('a function is invoked, and its failure is printed with its log', async () => {
  expect(
    await functions.run([
      'invoke',
      'arn:aws:lambda:us-east-1:000000000000:function:echo',
      '--payload',
      '{"a":1}',
    ]),
  ).toBe(0)
  expect(JSON.parse(printed.out)).toEqual({ a: 1 })
  printed.out = ''
  expect(await functions.run(['invoke', 'fails'])).toBe(1)
  expect([JSON.parse(printed.out), printed.said]).toEqual([
    { errorType: 'Error' },
    'printed\nThe function failed (Handled).\n',
  ])
})

/** Returns the names of the files in a zip. */
const namesIn = async (zip: Buffer): Promise<string[]> => {
  const names: string[] = []
  for await (const entry of (await fromBufferPromise(zip)).eachEntry()) names.push(entry.fileName)
  return names
}

test('a file, a folder and a zip are deployed, logs are shown, and functions are removed', async () => {
  expect(
    await functions.run([
      'deploy',
      file,
      '--memory',
      '256',
      '--env',
      'AB=b=c',
      '--handler',
      'main',
      '--concurrency',
      '5',
    ]),
  ).toBe(0)
  expect(heard.splice(0)).toMatchObject([
    {
      operation: 'create',
      FunctionName: 'offers',
      Handler: 'offers.main',
      Runtime: 'nodejs24.x',
      MemorySize: 256,
      Environment: { Variables: { AB: 'b=c' } },
      Code: { ZipFile: expect.any(Buffer) },
    },
    { operation: 'reserve', ReservedConcurrentExecutions: 5 },
  ])
  const whole = join(folder, 'whole')
  mkdirSync(join(whole, 'src'), { recursive: true })
  writeFileSync(join(whole, 'src/app.mjs'), 'export const handler = async () => 1')
  symlinkSync(join(whole, 'src/app.mjs'), join(whole, 'index.mjs'))
  expect(
    await functions.run([
      'deploy',
      whole,
      '--name',
      'offers',
      '--handler',
      'src/app.handler',
      '--alias',
      'live',
    ]),
  ).toBe(0)
  const [code, ...rest] = heard.splice(0)
  expect(await namesIn(code.ZipFile as Buffer)).toEqual(['index.mjs', 'src/app.mjs'])
  expect(rest).toMatchObject([
    { operation: 'settings', FunctionName: 'offers', Handler: 'src/app.handler' },
    { operation: 'publish' },
    { operation: 'alias', Name: 'live', FunctionVersion: '7' },
  ])
  expect(rest[0]).not.toHaveProperty('MemorySize')
  const zip = join(folder, 'ready.zip')
  writeFileSync(zip, code.ZipFile as Buffer)
  expect(await functions.run(['deploy', zip])).toBe(0)
  expect(heard.splice(0)).toMatchObject([
    { operation: 'create', FunctionName: 'ready', Handler: 'index.handler', Code: { ZipFile: code.ZipFile } },
  ])
  expect(await functions.run(['logs', 'offers'])).toBe(0)
  expect(await functions.run(['remove', 'offers'])).toBe(0)
  expect(printed.out).toBe(
    'Deployed offers, code abababababab.\nReplaced offers, code abababababab, version 7, alias live.\nDeployed ready, code abababababab.\none\ntwo\nRemoved offers.\n',
  )
})

test.each<[string[], number, string]>([
  [['lst'], 2, 'list'],
  [['invoke'], 2, 'The function is missing'],
  [['deploy'], 2, 'The code is missing'],
  [['deploy', '/nowhere.mjs'], 2, 'There is no file'],
  [['list', 'x'], 2, 'too many'],
  [['invoke', 'x', '--payload', '{'], 2, 'not JSON'],
  [['deploy', file, '--env', 'A'], 2, 'NAME=VALUE'],
  [['deploy', file, '--memory', '1'], 2, '--memory'],
  [['deploy', file, '--name', 'a b'], 1, 'The enricher answered 400'],
])('the arguments %j end the command with %d', async (args, code, text) => {
  expect(await functions.run(args)).toBe(code)
  expect(printed.said).toContain(text)
})

test('a wrong key and a missing enricher end the command with their own errors', async () => {
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'wrong')
  expect(await functions.run(['list'])).toBe(1)
  expect(printed.said).toContain('The enricher answered 403: The request signature')
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', undefined)
  const before = process.env.ENRICHER_URL
  vi.stubEnv('ENRICHER_URL', 'http://127.0.0.1:1')
  expect(await functions.run(['list'])).toBe(4)
  vi.stubEnv('ENRICHER_URL', before)
})

test('the new lines of a log are found', () => {
  expect(linesSince(['a', 'b'], ['a', 'b', 'c'])).toEqual(['c'])
  expect(linesSince(['a', 'b', 'a', 'b'], ['a', 'b', 'c'])).toEqual(['c'])
  expect(linesSince(['a', 'b', 'c'], ['c', 'd'])).toEqual(['d'])
  expect(linesSince(['a'], ['x', 'y'])).toEqual(['x', 'y'])
  expect(linesSince([], ['x'])).toEqual(['x'])
  expect(linesSince(['x'], ['x'])).toEqual([])
})
