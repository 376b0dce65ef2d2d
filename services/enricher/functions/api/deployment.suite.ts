/** Deployment by Lambda's own operations, with the client of AWS for JavaScript, over a real broker. */
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import {
  CreateFunctionCommand,
  DeleteFunctionCommand,
  GetFunctionCodeSigningConfigCommand,
  GetFunctionCommand,
  GetFunctionConfigurationCommand,
  ListFunctionsCommand,
  UpdateFunctionCodeCommand,
  UpdateFunctionConfigurationCommand,
  waitUntilFunctionActiveV2,
  waitUntilFunctionUpdatedV2,
} from '@aws-sdk/client-lambda'
import { pythonWith } from '@weir/stack/python.ts'
import { zipOf } from '@weir/tools/weir/commands/functions-archive.ts'
import { describe, expect, test } from 'vitest'
import { moduleZip, openApi, ROLE, textOf } from '../testing/api.ts'

const {
  run,
  fixed,
  deployedFolder,
  service,
  replica,
  client,
  everyRuntime,
  url,
  invoke,
  deploy,
  records,
  plant,
} = await openApi()

test.each([
  [
    'python3.13',
    'app.handler',
    'app.py',
    'def handler(event, context):\n    return [event, context.function_version]\n',
  ],
  [
    'provided.al2023',
    'any.name',
    'bootstrap',
    `#!/usr/bin/env python3
import json, os, urllib.request
runtime = f'http://{os.environ["AWS_LAMBDA_RUNTIME_API"]}/2018-06-01/runtime/invocation'
while True:
    with urllib.request.urlopen(f'{runtime}/next') as request:
        id, event = request.headers['Lambda-Runtime-Aws-Request-Id'], json.load(request)
    answer = json.dumps([event, os.environ['AWS_LAMBDA_FUNCTION_VERSION']]).encode()
    urllib.request.urlopen(urllib.request.Request(f'{runtime}/{id}/response', answer, method='POST')).close()
`,
  ],
] as const)('a function for %s is deployed and invoked', async (Runtime, Handler, file, code) => {
  const FunctionName = `${Runtime.split('.')[0]}-${run}`
  const ZipFile = await zipOf([{ name: file, bytes: Buffer.from(code), executable: file === 'bootstrap' }])
  const input = {
    FunctionName,
    Runtime,
    Handler,
    Role: ROLE,
    MemorySize: 256,
    Timeout: 20,
    Code: { ZipFile },
  }
  await everyRuntime.send(new CreateFunctionCommand(input))
  await waitUntilFunctionActiveV2({ client, maxWaitTime: 20 }, { FunctionName })
  expect(JSON.parse(textOf(await invoke({ FunctionName, Payload: { n: 1 } })))).toEqual([{ n: 1 }, '$LATEST'])
  const strict = await replica()
  await expect.poll(() => strict.functions.find(FunctionName)).toBeDefined()
  await expect(strict.functions.invoke(FunctionName, Buffer.from('{}'), { requestId: 'r' })).rejects.toThrow(
    `${FunctionName} has the runtime ${Runtime}, which FUNCTIONS_RUNTIMES does not allow.`,
  )
})

test('a function is created from a zip, described, changed and deleted', async () => {
  const FunctionName = `made-${run}`
  const answer = (text: string): string =>
    `export const handler = async () => ${JSON.stringify(text)} + (process.env.MOOD ?? '')`
  const created = await deploy(FunctionName, answer('one'), { Environment: { Variables: { MOOD: '!' } } })
  expect(created).toMatchObject({
    FunctionName,
    FunctionArn: `arn:aws:lambda:us-east-1:000000000000:function:${FunctionName}`,
    Runtime: 'nodejs24.x',
    Role: ROLE,
    Handler: 'index.handler',
    Version: '$LATEST',
    MemorySize: 256,
    Timeout: 10,
    State: 'Pending',
    StateReasonCode: 'Creating',
    PackageType: 'Zip',
    CodeSize: expect.any(Number),
    CodeSha256: expect.stringMatching(/^.{43}=$/),
    Environment: { Variables: { MOOD: '!' } },
    TracingConfig: { Mode: 'PassThrough' },
    EphemeralStorage: { Size: 512 },
    $metadata: { httpStatusCode: 201 },
  })
  await waitUntilFunctionActiveV2({ client, minDelay: 1, maxDelay: 1, maxWaitTime: 30 }, { FunctionName })
  expect(textOf(await invoke({ FunctionName }))).toBe('"one!"')

  const updated = await client.send(
    new UpdateFunctionCodeCommand({ FunctionName, ZipFile: await moduleZip(answer('two')) }),
  )
  expect(updated).toMatchObject({ State: 'Active', LastUpdateStatus: 'InProgress' })
  expect(updated.RevisionId).not.toBe(created.RevisionId)
  await waitUntilFunctionUpdatedV2({ client, minDelay: 1, maxDelay: 1, maxWaitTime: 30 }, { FunctionName })
  expect(textOf(await invoke({ FunctionName }))).toBe('"two!"')
  await client.send(
    new UpdateFunctionConfigurationCommand({
      FunctionName,
      Environment: { Variables: { MOOD: '?' } },
      Timeout: 7,
    }),
  )
  expect(textOf(await invoke({ FunctionName }))).toBe('"two?"')

  expect(await client.send(new GetFunctionCodeSigningConfigCommand({ FunctionName }))).toMatchObject({
    FunctionName,
    CodeSigningConfigArn: '',
  })
  const { Configuration, Code } = await client.send(new GetFunctionCommand({ FunctionName }))
  expect(Configuration).toMatchObject({
    Timeout: 7,
    MemorySize: 256,
    State: 'Active',
    LastUpdateStatus: 'Successful',
    LastModified: expect.stringContaining('+0000'),
  })
  const archive = await fetch(Code!.Location!)
  expect([archive.status, archive.headers.get('content-type')]).toEqual([200, 'application/zip'])
  expect(Buffer.from(await archive.arrayBuffer())).toEqual(await moduleZip(answer('two')))
  expect((await fetch(Code!.Location!.replace(/.$/, (digit) => (digit === '0' ? '1' : '0')))).status).toBe(
    403,
  )

  expect(await client.send(new GetFunctionConfigurationCommand({ FunctionName: fixed.name }))).toMatchObject({
    FunctionName: fixed.name,
    Environment: { Variables: { STAGE: 'test' } },
  })
  const listed: string[] = []
  for (let Marker: string | undefined; ; ) {
    const page = await client.send(new ListFunctionsCommand({ MaxItems: 1, Marker }))
    listed.push(...page.Functions!.map((one) => one.FunctionName!))
    if ((Marker = page.NextMarker) === undefined) break
  }
  expect(listed).toEqual([...listed].sort())
  expect(listed).toEqual(expect.arrayContaining([FunctionName, fixed.name]))

  await expect(deploy(FunctionName, answer('three'))).rejects.toMatchObject({
    name: 'ResourceConflictException',
    message: `Function already exist: ${FunctionName}`,
    $metadata: { httpStatusCode: 409 },
  })
  expect(await client.send(new DeleteFunctionCommand({ FunctionName }))).toMatchObject({
    $metadata: { httpStatusCode: 204 },
  })
  await expect(invoke({ FunctionName })).rejects.toMatchObject({ name: 'ResourceNotFoundException' })
  await expect(client.send(new DeleteFunctionCommand({ FunctionName }))).rejects.toMatchObject({
    name: 'ResourceNotFoundException',
  })
})

test('a replica with an empty or lost folder gets the code of functions from Kafka', async () => {
  const FunctionName = `kept-${run}`
  // More than one part.
  await deploy(
    FunctionName,
    `export const handler = async () => 'kept' // ${randomBytes(900_000).toString('base64')}`,
  )
  const other = await replica()
  const answer = await other.functions.invoke(FunctionName, Buffer.from('{}'), { requestId: 'r-1' })
  expect([answer.payload.toString(), answer.executedVersion]).toEqual(['"kept"', '$LATEST'])

  rmSync(join(deployedFolder, 'code'), { recursive: true })
  mkdirSync(join(deployedFolder, 'code'))
  await service.functions.invoke(FunctionName, Buffer.from('{}'), { requestId: 'r-2' })
  expect(readdirSync(join(deployedFolder, 'code'))).not.toEqual([])
})

test("AWS's client for Python deploys a function, and its waiters end", async () => {
  const python = await pythonWith(
    'boto3',
    join(import.meta.dirname, '../../../ingest-hub/boto3/requirements.txt'),
  )
  const env = {
    ...process.env,
    LAMBDA_URL: url,
    FUNCTION_NAME: `python-${run}`,
    PYTHONDONTWRITEBYTECODE: '1',
  }
  const { stderr } = await promisify(execFile)(python, ['-m', 'unittest', '-v', 'functions'], {
    cwd: join(import.meta.dirname, '../boto3'),
    env,
  }).catch((error: { stderr: string }) => {
    throw new Error(error.stderr)
  })
  expect(stderr).toContain('OK')
}, 120_000)

describe('deployed code', () => {
  test.each<[string, Record<string, string>, string]>([
    [
      'CommonJS',
      { 'index.js': 'exports.handler = async () => require("./lib/a").a', 'lib/a.js': 'exports.a = "cjs"' },
      'index.handler',
    ],
    [
      'ES modules by package.json',
      {
        'package.json': '{"type":"module"}',
        'src/app.js': 'import { a } from "lib"; export const main = async () => a',
        'node_modules/lib/index.js': 'export const a = "esm"',
        'node_modules/lib/package.json': '{"type":"module","main":"index.js"}',
      },
      'src/app.main',
    ],
    [
      'TypeScript',
      { 'index.ts': 'export const handler = async (): Promise<string> => "ts"' },
      'index.handler',
    ],
  ])('of the kind %s runs', async (kind, files, Handler) => {
    const name = `kind-${kind.slice(0, 2).toLowerCase()}-${run}`
    await deploy(name, '', {
      Handler,
      Code: {
        ZipFile: await zipOf(
          Object.entries(files).map(([name, text]) => ({ name, bytes: Buffer.from(text) })),
        ),
      },
    })
    expect(['"cjs"', '"esm"', '"ts"']).toContain(textOf(await invoke({ FunctionName: name })))
  })

  test('may be a bundle of megabytes', async () => {
    const large = randomBytes(6_000_000)
    const name = `heavy-${run}`
    await deploy(name, '', {
      Code: {
        ZipFile: await zipOf([
          { name: 'data.bin', bytes: large },
          {
            name: 'index.mjs',
            bytes: Buffer.from(
              'import { readFileSync } from "node:fs"; export const handler = async () => readFileSync(new URL("data.bin", import.meta.url)).length',
            ),
          },
        ]),
      },
    })
    expect(textOf(await invoke({ FunctionName: name }))).toBe(String(large.length))
    const { Code } = await client.send(new GetFunctionCommand({ FunctionName: name }))
    expect((await (await fetch(Code!.Location!)).arrayBuffer()).byteLength).toBeGreaterThan(large.length)
  })

  test('is removed once no function uses it, and kept as long as one does', async () => {
    const [one, two, alone] = [`shared-1-${run}`, `shared-2-${run}`, `alone-${run}`]
    const code = `export const handler = async () => 'shared' // ${run}`
    await deploy(one, code)
    await deploy(two, code)
    await deploy(alone, `${code} alone`)
    const other = service.catalogue.get(alone)!.latest.archive!
    const archive = service.catalogue.get(one)!.latest.archive!
    expect(service.catalogue.get(two)!.latest.archive).toEqual(archive)
    for (const FunctionName of [one, alone]) await client.send(new DeleteFunctionCommand({ FunctionName }))
    await expect.poll(() => service.catalogue.archive(other.id), { timeout: 20_000 }).toBeUndefined()
    expect(textOf(await invoke({ FunctionName: two }))).toBe('"shared"')
    await client.send(new DeleteFunctionCommand({ FunctionName: two }))
    await expect.poll(() => service.catalogue.archive(archive.id), { timeout: 20_000 }).toBeUndefined()
    await expect
      .poll(
        () => readdirSync(join(deployedFolder, 'code')).filter((name) => name.startsWith(archive.sha256)),
        {
          timeout: 10_000,
        },
      )
      .toEqual([])
    expect(
      (await records('weir.functions.code')).filter(({ key }) => key.startsWith(archive.id)).at(-1),
    ).toMatchObject({ value: null })
  })

  test('has entries in the control log that are checked before use, also those of older versions', async () => {
    const old = `old-${run}`
    const entry = {
      file: 'index.mjs',
      code: `export const handler = async () => 'old'`,
      handler: 'index.handler',
      memoryMb: 128,
      timeoutMs: 3000,
      concurrency: 2,
      environment: {},
      deployedAt: 1,
    }
    const good = service.catalogue.get(`kept-${run}`)!.latest
    await plant('function', '../../escaped', { ...entry, name: '../../escaped' })
    await plant('function', `planted-${run}`, {
      ...entry,
      name: `planted-${run}`,
      file: '../../../planted.mjs',
    })
    await plant('latest', `evil-${run}`, {
      ...good,
      name: `evil-${run}`,
      archive: { ...good.archive, sha256: '../../..' },
    })
    await plant('function', old, { ...entry, name: old })
    await service.catchUp()
    for (const name of ['../../escaped', `planted-${run}`, `evil-${run}`])
      expect(service.functions.find(name), name).toBeUndefined()
    expect(existsSync('/planted.mjs')).toBe(false)
    expect(textOf(await invoke({ FunctionName: old }))).toBe('"old"')
    expect((await client.send(new GetFunctionCommand({ FunctionName: old }))).Concurrency).toEqual({
      ReservedConcurrentExecutions: 2,
    })
    await client.send(new UpdateFunctionConfigurationCommand({ FunctionName: old, Timeout: 5 }))
    expect(textOf(await invoke({ FunctionName: old }))).toBe('"old"')
    await client.send(
      new UpdateFunctionCodeCommand({
        FunctionName: old,
        ZipFile: await moduleZip('export const handler = async () => "new"'),
      }),
    )
    expect(textOf(await invoke({ FunctionName: old }))).toBe('"new"')
    const other = await replica()
    expect(
      (await other.functions.invoke(old, Buffer.from('{}'), { requestId: 'r' })).payload.toString(),
    ).toBe('"new"')
  })
})
