/** Deployment by Lambda's own operations, with the client of AWS for JavaScript, over a real broker. */
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import {
  CreateAliasCommand, CreateFunctionCommand, DeleteAliasCommand, DeleteFunctionCommand, DeleteFunctionConcurrencyCommand, DeleteFunctionEventInvokeConfigCommand,
  GetAccountSettingsCommand, GetAliasCommand, GetFunctionCommand, GetFunctionConcurrencyCommand, GetFunctionConfigurationCommand,
  GetFunctionEventInvokeConfigCommand, InvokeCommand, LambdaClient, ListAliasesCommand, ListFunctionEventInvokeConfigsCommand, ListFunctionsCommand, ListTagsCommand,
  ListVersionsByFunctionCommand, PublishVersionCommand, PutFunctionConcurrencyCommand, PutFunctionEventInvokeConfigCommand, TagResourceCommand, UntagResourceCommand,
  UpdateAliasCommand, UpdateFunctionCodeCommand, UpdateFunctionConfigurationCommand, UpdateFunctionEventInvokeConfigCommand, waitUntilFunctionActiveV2,
  waitUntilFunctionUpdatedV2, type CreateFunctionCommandInput,
} from '@aws-sdk/client-lambda'
import { uniqueName } from '@weir/testkit'
import { pythonWith } from '@weir/tools/stack/python.ts'
import { zipOf } from '@weir/tools/weir/commands/functions-archive.ts'
import { describe, expect, test } from 'vitest'
import { LIMITED, moduleZip, openApi, ROLE, textOf } from '../testing/api.ts'

const { kafka, run, fixed, deployedFolder, service, replica, client, clientFor, url, closedUrl, invoke, deploy, records, plant } = await openApi()

const ARN = 'arn:aws:lambda:us-east-1:000000000000:function'
/** Says what it is told, which version it is, and by which ARN it was invoked. */
const SPEAKER = `export const handler = async (event, context) => {
  if (event.fail) throw new Error(event.fail)
  return { says: process.env.SAYS, version: context.functionVersion, arn: context.invokedFunctionArn, event }
}`
const said = async (FunctionName: string, Qualifier?: string): Promise<{ says: string, version: string, arn: string, executed: string | undefined }> => {
  const answer = await invoke({ FunctionName, Qualifier })
  return { ...JSON.parse(textOf(answer)) as { says: string, version: string, arn: string }, executed: answer.ExecutedVersion }
}

test('a function is created from a zip, described, changed and deleted', async () => {
  const FunctionName = `made-${run}`
  const answer = (text: string): string => `export const handler = async () => ${JSON.stringify(text)} + (process.env.MOOD ?? '')`
  const created = await deploy(FunctionName, answer('one'), { Environment: { Variables: { MOOD: '!' } } })
  expect(created).toMatchObject({
    FunctionName, FunctionArn: `arn:aws:lambda:us-east-1:000000000000:function:${FunctionName}`, Runtime: 'nodejs24.x', Role: ROLE, Handler: 'index.handler', Version: '$LATEST',
    MemorySize: 256, Timeout: 10, State: 'Pending', StateReasonCode: 'Creating', PackageType: 'Zip', CodeSize: expect.any(Number), CodeSha256: expect.stringMatching(/^.{43}=$/),
    Environment: { Variables: { MOOD: '!' } }, TracingConfig: { Mode: 'PassThrough' }, EphemeralStorage: { Size: 512 }, $metadata: { httpStatusCode: 201 },
  })
  await waitUntilFunctionActiveV2({ client, minDelay: 1, maxDelay: 1, maxWaitTime: 30 }, { FunctionName })
  expect(textOf(await invoke({ FunctionName }))).toBe('"one!"')

  const updated = await client.send(new UpdateFunctionCodeCommand({ FunctionName, ZipFile: await moduleZip(answer('two')) }))
  expect(updated).toMatchObject({ State: 'Active', LastUpdateStatus: 'InProgress' })
  expect(updated.RevisionId).not.toBe(created.RevisionId)
  await waitUntilFunctionUpdatedV2({ client, minDelay: 1, maxDelay: 1, maxWaitTime: 30 }, { FunctionName })
  expect(textOf(await invoke({ FunctionName }))).toBe('"two!"')
  await client.send(new UpdateFunctionConfigurationCommand({ FunctionName, Environment: { Variables: { MOOD: '?' } }, Timeout: 7 }))
  expect(textOf(await invoke({ FunctionName }))).toBe('"two?"')

  const { Configuration, Code } = await client.send(new GetFunctionCommand({ FunctionName }))
  expect(Configuration).toMatchObject({ Timeout: 7, MemorySize: 256, State: 'Active', LastUpdateStatus: 'Successful', LastModified: expect.stringContaining('+0000') })
  const archive = await fetch(Code!.Location!)
  expect([archive.status, archive.headers.get('content-type')]).toEqual([200, 'application/zip'])
  expect(Buffer.from(await archive.arrayBuffer())).toEqual(await moduleZip(answer('two')))
  expect((await fetch(Code!.Location!.replace(/.$/, (digit) => (digit === '0' ? '1' : '0')))).status).toBe(403)

  expect(await client.send(new GetFunctionConfigurationCommand({ FunctionName: fixed.name }))).toMatchObject({ FunctionName: fixed.name, Environment: { Variables: { STAGE: 'test' } } })
  const listed: string[] = []
  for (let Marker: string | undefined; ;) {
    const page = await client.send(new ListFunctionsCommand({ MaxItems: 1, Marker }))
    listed.push(...page.Functions!.map((one) => one.FunctionName!))
    if ((Marker = page.NextMarker) === undefined) break
  }
  expect(listed).toEqual([...listed].sort())
  expect(listed).toEqual(expect.arrayContaining([FunctionName, fixed.name]))

  await expect(deploy(FunctionName, answer('three'))).rejects.toMatchObject({
    name: 'ResourceConflictException', message: `Function already exist: ${FunctionName}`, $metadata: { httpStatusCode: 409 },
  })
  expect(await client.send(new DeleteFunctionCommand({ FunctionName }))).toMatchObject({ $metadata: { httpStatusCode: 204 } })
  await expect(invoke({ FunctionName })).rejects.toMatchObject({ name: 'ResourceNotFoundException' })
  await expect(client.send(new DeleteFunctionCommand({ FunctionName }))).rejects.toMatchObject({ name: 'ResourceNotFoundException' })
})

test('the code is in Kafka: a replica with an empty folder runs it, and so does one that has lost its folder', async () => {
  const FunctionName = `kept-${run}`
  // More than one part.
  await deploy(FunctionName, `export const handler = async () => 'kept' // ${randomBytes(900_000).toString('base64')}`)
  const other = await replica()
  const answer = await other.functions.invoke(FunctionName, Buffer.from('{}'), { requestId: 'r-1' })
  expect([answer.payload.toString(), answer.executedVersion]).toEqual(['"kept"', '$LATEST'])

  rmSync(join(deployedFolder, 'code'), { recursive: true })
  mkdirSync(join(deployedFolder, 'code'))
  await service.functions.invoke(FunctionName, Buffer.from('{}'), { requestId: 'r-2' })
  expect(readdirSync(join(deployedFolder, 'code'))).not.toEqual([])
})

test('AWS\'s client for Python deploys too, and its waiters end', async () => {
  const python = await pythonWith('boto3', join(import.meta.dirname, '../../../ingest-hub/boto3/requirements.txt'))
  const env = { ...process.env, LAMBDA_URL: url, FUNCTION_NAME: `python-${run}`, PYTHONDONTWRITEBYTECODE: '1' }
  const { stderr } = await promisify(execFile)(python, ['-m', 'unittest', '-v', 'functions'], { cwd: join(import.meta.dirname, '../boto3'), env })
    .catch((error: { stderr: string }) => { throw new Error(error.stderr) })
  expect(stderr).toContain('OK')
}, 120_000)

describe('versions and aliases', () => {
  const FunctionName = `spoken-${run}`
  const say = (SAYS: string) => client.send(new UpdateFunctionConfigurationCommand({ FunctionName, Environment: { Variables: { SAYS } } }))

  test('a version stays as it was; a qualifier says which one runs', async () => {
    await deploy(FunctionName, SPEAKER, { Environment: { Variables: { SAYS: 'one' } }, Publish: true, Description: 'first' })
    const again = await client.send(new PublishVersionCommand({ FunctionName }))
    expect(again).toMatchObject({ Version: '1', FunctionArn: `${ARN}:${FunctionName}:1`, Description: 'first', State: 'Active' })
    await say('two')
    expect(await client.send(new PublishVersionCommand({ FunctionName, Description: 'second' }))).toMatchObject({ Version: '2', Description: 'second' })
    await say('three')
    expect(await said(FunctionName)).toMatchObject({ says: 'three', version: '$LATEST', arn: `${ARN}:${FunctionName}`, executed: '$LATEST' })
    expect(await said(FunctionName, '$LATEST')).toMatchObject({ says: 'three', arn: `${ARN}:${FunctionName}:$LATEST` })
    expect(await said(FunctionName, '1')).toMatchObject({ says: 'one', version: '1', arn: `${ARN}:${FunctionName}:1`, executed: '1' })
    expect(await said(`${ARN}:${FunctionName}:2`)).toMatchObject({ says: 'two', version: '2', executed: '2' })
    await expect(said(FunctionName, '9')).rejects.toMatchObject({ name: 'ResourceNotFoundException', message: `Function not found: ${ARN}:${FunctionName}:9` })
    const { Versions } = await client.send(new ListVersionsByFunctionCommand({ FunctionName }))
    expect(Versions!.map(({ Version }) => Version)).toEqual(['$LATEST', '1', '2'])
    const all = await client.send(new ListFunctionsCommand({ FunctionVersion: 'ALL' }))
    expect(all.Functions!.filter((one) => one.FunctionName === FunctionName).map(({ FunctionArn }) => FunctionArn)).toEqual(['$LATEST', '1', '2'].map((v) => `${ARN}:${FunctionName}:${v}`))
    const updated = await client.send(new UpdateFunctionCodeCommand({ FunctionName, ZipFile: await moduleZip(`${SPEAKER} // new`), Publish: true }))
    expect(updated).toMatchObject({ Version: '3', FunctionArn: `${ARN}:${FunctionName}:3` })
  })

  test('an alias points to a version, or to two by weight', async () => {
    expect(await client.send(new CreateAliasCommand({ FunctionName, Name: 'live', FunctionVersion: '1', Description: 'now' }))).toMatchObject({
      AliasArn: `${ARN}:${FunctionName}:live`, Name: 'live', FunctionVersion: '1', Description: 'now', RevisionId: expect.any(String), $metadata: { httpStatusCode: 201 },
    })
    expect(await said(FunctionName, 'live')).toMatchObject({ says: 'one', version: '1', arn: `${ARN}:${FunctionName}:live`, executed: '1' })
    await expect(client.send(new CreateAliasCommand({ FunctionName, Name: 'live', FunctionVersion: '2' }))).rejects.toMatchObject({
      name: 'ResourceConflictException', message: `Alias already exists: ${ARN}:${FunctionName}:live`,
    })
    await client.send(new UpdateAliasCommand({ FunctionName, Name: 'live', RoutingConfig: { AdditionalVersionWeights: { 2: 0.5 } } }))
    expect(await client.send(new GetAliasCommand({ FunctionName, Name: 'live' }))).toMatchObject({ FunctionVersion: '1', RoutingConfig: { AdditionalVersionWeights: { 2: 0.5 } } })
    const executed = new Set<string | undefined>()
    for (let i = 0; i < 100 && executed.size < 2; i++) executed.add((await said(FunctionName, 'live')).executed)
    expect([...executed].sort()).toEqual(['1', '2'])
    await expect(client.send(new DeleteFunctionCommand({ FunctionName, Qualifier: '2' }))).rejects.toMatchObject({ name: 'ResourceConflictException' })
    await client.send(new UpdateAliasCommand({ FunctionName, Name: 'live', FunctionVersion: '3', RoutingConfig: { AdditionalVersionWeights: {} } }))
    expect((await said(FunctionName, 'live')).executed).toBe('3')
    expect((await client.send(new GetFunctionCommand({ FunctionName, Qualifier: 'live' }))).Configuration).toMatchObject({ Version: '3', FunctionArn: `${ARN}:${FunctionName}:live` })
    expect((await client.send(new ListAliasesCommand({ FunctionName, FunctionVersion: '3' }))).Aliases).toMatchObject([{ Name: 'live' }])
    await client.send(new DeleteFunctionCommand({ FunctionName, Qualifier: '2' }))
    await expect(said(FunctionName, '2')).rejects.toMatchObject({ name: 'ResourceNotFoundException' })
    await client.send(new DeleteAliasCommand({ FunctionName, Name: 'live' }))
    await client.send(new DeleteAliasCommand({ FunctionName, Name: 'live' }))
    await expect(client.send(new GetAliasCommand({ FunctionName, Name: 'live' }))).rejects.toMatchObject({ message: `Cannot find alias arn: ${ARN}:${FunctionName}:live` })
  })

  const weights = (FunctionVersion: string, AdditionalVersionWeights: Record<string, number>) =>
    new CreateAliasCommand({ FunctionName, Name: `bad`, FunctionVersion, RoutingConfig: { AdditionalVersionWeights } })
  test.each<[string, () => object, string, string]>([
    ['two other versions', () => weights('1', { 2: 0.1, 3: 0.1 }), 'InvalidParameterValueException', 'Number of items in AdditionalVersionWeights cannot be greater than 1'],
    ['a weight above one', () => weights('1', { 3: 2 }), 'ValidationException', "Value '{3=2.0}' at 'routingConfig.additionalVersionWeights' failed to satisfy constraint"],
    ['the same version twice', () => weights('1', { 1: 0.5 }), 'InvalidParameterValueException', 'Invalid function version 1. Function version 1 is already included in routing configuration.'],
    ['weights beside $LATEST', () => weights('$LATEST', { 1: 0.5 }), 'InvalidParameterValueException', '$LATEST is not supported for an alias pointing to more than 1 version'],
    ['a version that is not there', () => weights('17', {}), 'ResourceNotFoundException', `Function not found: ${ARN}:${FunctionName}:17`],
    ['a number for a name', () => new CreateAliasCommand({ FunctionName, Name: '7', FunctionVersion: '1' }), 'ValidationException', "Value '7' at 'name' failed to satisfy constraint"],
    ['an alias that is not there', () => new UpdateAliasCommand({ FunctionName, Name: 'none' }), 'ResourceNotFoundException', `Alias not found: ${ARN}:${FunctionName}:none`],
    ['a deletion of $LATEST', () => new DeleteFunctionCommand({ FunctionName, Qualifier: '$LATEST' }), 'InvalidParameterValueException', '$LATEST version cannot be deleted without deleting the function.'],
    ['another hash', () => new PublishVersionCommand({ FunctionName, CodeSha256: 'other' }), 'InvalidParameterValueException', 'CodeSHA256 (other) is different from current CodeSHA256 in $LATEST ('],
  ])('%s is refused', async (_what, command, name, message) => {
    await expect(client.send(command() as never)).rejects.toMatchObject({ name, message: expect.stringContaining(message) })
  })

  test('a revision that is not the newest changes nothing', async () => {
    const { RevisionId } = await client.send(new GetFunctionConfigurationCommand({ FunctionName }))
    const stale = { FunctionName, RevisionId: 'stale' }
    for (const command of [
      new UpdateFunctionCodeCommand({ ...stale, ZipFile: await moduleZip(SPEAKER) }), new UpdateFunctionConfigurationCommand({ ...stale, Timeout: 9 }), new PublishVersionCommand(stale),
    ]) {
      await expect(client.send(command as never)).rejects.toMatchObject({ name: 'PreconditionFailedException', $metadata: { httpStatusCode: 412 } })
    }
    expect((await client.send(new UpdateFunctionConfigurationCommand({ FunctionName, RevisionId, Timeout: 9 }))).Timeout).toBe(9)
  })

  test('a dry run checks the archive and changes nothing', async () => {
    const before = await client.send(new GetFunctionConfigurationCommand({ FunctionName }))
    const dry = await client.send(new UpdateFunctionCodeCommand({ FunctionName, DryRun: true, ZipFile: await moduleZip('// dry') }))
    expect(dry.CodeSha256).not.toBe(before.CodeSha256)
    await expect(client.send(new UpdateFunctionCodeCommand({ FunctionName, DryRun: true, ZipFile: Buffer.from('no zip') }))).rejects.toMatchObject({ name: 'InvalidParameterValueException' })
    expect(await client.send(new GetFunctionConfigurationCommand({ FunctionName }))).toMatchObject({ CodeSha256: before.CodeSha256, RevisionId: before.RevisionId })
  })
})

describe('code', () => {
  test.each<[string, Record<string, string>, string]>([
    ['CommonJS', { 'index.js': 'exports.handler = async () => require("./lib/a").a', 'lib/a.js': 'exports.a = "cjs"' }, 'index.handler'],
    ['ES modules by package.json', { 'package.json': '{"type":"module"}', 'src/app.js': 'import { a } from "lib"; export const main = async () => a', 'node_modules/lib/index.js': 'export const a = "esm"', 'node_modules/lib/package.json': '{"type":"module","main":"index.js"}' }, 'src/app.main'],
    ['TypeScript', { 'index.ts': 'export const handler = async (): Promise<string> => "ts"' }, 'index.handler'],
  ])('%s runs', async (kind, files, Handler) => {
    const name = `kind-${kind.slice(0, 2).toLowerCase()}-${run}`
    await deploy(name, '', { Handler, Code: { ZipFile: await zipOf(Object.entries(files).map(([name, text]) => ({ name, bytes: Buffer.from(text) }))) } })
    expect(['"cjs"', '"esm"', '"ts"']).toContain(textOf(await invoke({ FunctionName: name })))
  })

  test('a bundle of megabytes is deployed', async () => {
    const large = randomBytes(6_000_000)
    const name = `large-${run}`
    await deploy(name, '', { Code: { ZipFile: await zipOf([
      { name: 'data.bin', bytes: large }, { name: 'index.mjs', bytes: Buffer.from('import { readFileSync } from "node:fs"; export const handler = async () => readFileSync(new URL("data.bin", import.meta.url)).length') },
    ]) } })
    expect(textOf(await invoke({ FunctionName: name }))).toBe(String(large.length))
    const { Code } = await client.send(new GetFunctionCommand({ FunctionName: name }))
    expect((await (await fetch(Code!.Location!)).arrayBuffer()).byteLength).toBeGreaterThan(large.length)
  })

  test('what no function uses any more is removed, and what another one uses stays', async () => {
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
    await expect.poll(() => readdirSync(join(deployedFolder, 'code')).filter((name) => name.startsWith(archive.sha256)), { timeout: 10_000 }).toEqual([])
    expect((await records('weir.functions.code')).filter(({ key }) => key.startsWith(archive.id)).at(-1)).toMatchObject({ value: null })
  })

  test('entries of the control log are checked before they are applied, and those of older versions hold', async () => {
    const old = `old-${run}`
    const entry = { file: 'index.mjs', code: `export const handler = async () => 'old'`, handler: 'index.handler', memoryMb: 128, timeoutMs: 3000, concurrency: 2, environment: {}, deployedAt: 1 }
    const good = service.catalogue.get(`kept-${run}`)!.latest
    await plant('function', '../../escaped', { ...entry, name: '../../escaped' })
    await plant('function', `planted-${run}`, { ...entry, name: `planted-${run}`, file: '../../../planted.mjs' })
    await plant('latest', `evil-${run}`, { ...good, name: `evil-${run}`, archive: { ...good.archive, sha256: '../../..' } })
    await plant('function', old, { ...entry, name: old })
    await service.catchUp()
    for (const name of ['../../escaped', `planted-${run}`, `evil-${run}`]) expect(service.functions.find(name), name).toBeUndefined()
    expect(existsSync('/planted.mjs')).toBe(false)
    expect(textOf(await invoke({ FunctionName: old }))).toBe('"old"')
    expect((await client.send(new GetFunctionCommand({ FunctionName: old }))).Concurrency).toEqual({ ReservedConcurrentExecutions: 2 })
    await client.send(new UpdateFunctionConfigurationCommand({ FunctionName: old, Timeout: 5 }))
    expect(textOf(await invoke({ FunctionName: old }))).toBe('"old"')
    await client.send(new UpdateFunctionCodeCommand({ FunctionName: old, ZipFile: await moduleZip('export const handler = async () => "new"') }))
    expect(textOf(await invoke({ FunctionName: old }))).toBe('"new"')
    const other = await replica()
    expect((await other.functions.invoke(old, Buffer.from('{}'), { requestId: 'r' })).payload.toString()).toBe('"new"')
  })
})

describe('settings', () => {
  const FunctionName = `set-${run}`

  test('concurrency is reserved for all versions together, and can be none', async () => {
    await deploy(FunctionName, 'export const handler = async ({ ms = 0 }) => { await new Promise((resolve) => setTimeout(resolve, ms)); return 1 }', { Publish: true })
    expect(await client.send(new PutFunctionConcurrencyCommand({ FunctionName, ReservedConcurrentExecutions: 1 }))).toMatchObject({ ReservedConcurrentExecutions: 1 })
    const slow = invoke({ FunctionName, Payload: { ms: 3000 } })
    await expect.poll(() => invoke({ FunctionName, Qualifier: '1', Payload: {} }).catch(({ name }: Error) => name), { timeout: 3000, interval: 100 }).toBe('TooManyRequestsException')
    await slow
    await client.send(new PutFunctionConcurrencyCommand({ FunctionName, ReservedConcurrentExecutions: 0 }))
    await expect(invoke({ FunctionName })).rejects.toMatchObject({ name: 'TooManyRequestsException', Reason: 'ReservedFunctionConcurrentInvocationLimitExceeded' })
    expect(await client.send(new GetFunctionConcurrencyCommand({ FunctionName }))).toMatchObject({ ReservedConcurrentExecutions: 0 })
    await expect(client.send(new PutFunctionConcurrencyCommand({ FunctionName, ReservedConcurrentExecutions: 950 }))).rejects.toMatchObject({
      message: 'Specified ReservedConcurrentExecutions for function decreases account\'s UnreservedConcurrentExecution below its minimum value of [100].',
    })
    await expect(client.send(new PutFunctionConcurrencyCommand({ FunctionName: `${FunctionName}:1`, ReservedConcurrentExecutions: 1 }))).rejects.toMatchObject({
      message: expect.stringContaining('This operation is permitted on Lambda functions only.'),
    })
    await client.send(new DeleteFunctionConcurrencyCommand({ FunctionName }))
    expect((await client.send(new GetFunctionConcurrencyCommand({ FunctionName }))).ReservedConcurrentExecutions).toBeUndefined()
    expect(textOf(await invoke({ FunctionName }))).toBe('1')
    const { AccountLimit, AccountUsage } = await client.send(new GetAccountSettingsCommand({}))
    expect(AccountLimit).toMatchObject({ CodeSizeUnzipped: 262_144_000, CodeSizeZipped: 52_428_800, ConcurrentExecutions: 1000 })
    expect(AccountUsage!.FunctionCount).toBeGreaterThan(3)
  })

  test('tags', async () => {
    const Resource = `${ARN}:${FunctionName}`
    await client.send(new TagResourceCommand({ Resource, Tags: { A: '1', B: '2' } }))
    await client.send(new TagResourceCommand({ Resource, Tags: { B: '3', C: '4' } }))
    await client.send(new UntagResourceCommand({ Resource, TagKeys: ['A', 'none'] }))
    expect((await client.send(new ListTagsCommand({ Resource }))).Tags).toEqual({ B: '3', C: '4' })
    expect((await client.send(new GetFunctionCommand({ FunctionName }))).Tags).toEqual({ B: '3', C: '4' })
    await expect(client.send(new TagResourceCommand({ Resource, Tags: Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`t${i}`, ''])) }))).rejects.toMatchObject({ message: 'Number of tags exceeds resource tag limit.' })
    await expect(client.send(new ListTagsCommand({ Resource: `${Resource}:1` }))).rejects.toMatchObject({ message: expect.stringContaining('Tags on function aliases and versions are not supported.') })
    await expect(client.send(new ListTagsCommand({ Resource: `${ARN}:nobody` }))).rejects.toMatchObject({ message: `Function not found: ${ARN}:nobody` })
  })

  test('what events come to goes to topics and to functions', async () => {
    const [topic, target] = [uniqueName('results'), `target-${run}`]
    await kafka.admin.createTopics([{ name: topic, partitions: 1, replicas: 1, configs: {} }])
    await deploy(target, SPEAKER)
    const source = `source-${run}`
    await deploy(source, SPEAKER)
    const put = await client.send(new PutFunctionEventInvokeConfigCommand({
      FunctionName: source, MaximumRetryAttempts: 0, MaximumEventAgeInSeconds: 3600, DestinationConfig: { OnSuccess: { Destination: `${ARN}:${target}` }, OnFailure: { Destination: `kafka://${topic}` } },
    }))
    expect(put).toMatchObject({ FunctionArn: `${ARN}:${source}:$LATEST`, MaximumRetryAttempts: 0, MaximumEventAgeInSeconds: 3600, LastModified: expect.any(Date) })
    await client.send(new PutFunctionEventInvokeConfigCommand({ FunctionName: target, DestinationConfig: { OnSuccess: { Destination: `kafka://${topic}` } } }))
    const failed = await invoke({ FunctionName: source, InvocationType: 'Event', Payload: { fail: 'boom' } })
    await expect.poll(async () => (await records(topic)).length, { timeout: 20_000 }).toBe(1)
    const [failure] = (await records(topic)).map(({ value }) => JSON.parse(value!) as object)
    expect(failure).toMatchObject({
      version: '1.0', requestContext: { requestId: failed.$metadata.requestId, functionArn: `${ARN}:${source}:$LATEST`, condition: 'RetriesExhausted', approximateInvokeCount: 1 },
      requestPayload: { fail: 'boom' }, responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' }, responsePayload: { errorMessage: 'boom' },
    })
    await invoke({ FunctionName: source, InvocationType: 'Event', Payload: { n: 1 } })
    await expect.poll(async () => (await records(topic)).length, { timeout: 20_000 }).toBe(2)
    expect(JSON.parse((await records(topic))[1].value!)).toMatchObject({
      requestContext: { functionArn: `${ARN}:${target}:$LATEST`, condition: 'Success' },
      requestPayload: { requestContext: { functionArn: `${ARN}:${source}:$LATEST`, condition: 'Success' }, requestPayload: { n: 1 } },
      responsePayload: { event: { responsePayload: { event: { n: 1 } } } },
    })

    const config = { FunctionName: source }
    expect(await client.send(new UpdateFunctionEventInvokeConfigCommand({ ...config, MaximumRetryAttempts: 1 }))).toMatchObject({ MaximumRetryAttempts: 1, MaximumEventAgeInSeconds: 3600 })
    expect(await client.send(new GetFunctionEventInvokeConfigCommand(config))).toMatchObject({ MaximumRetryAttempts: 1, DestinationConfig: { OnFailure: { Destination: `kafka://${topic}` } } })
    expect((await client.send(new ListFunctionEventInvokeConfigsCommand(config))).FunctionEventInvokeConfigs).toHaveLength(1)
    const none = { name: 'ResourceNotFoundException', message: `The function ${ARN}:${source}:$LATEST doesn't have an EventInvokeConfig` }
    await client.send(new DeleteFunctionEventInvokeConfigCommand(config))
    await expect(client.send(new GetFunctionEventInvokeConfigCommand(config))).rejects.toMatchObject(none)
    await expect(client.send(new DeleteFunctionEventInvokeConfigCommand(config))).rejects.toMatchObject(none)
    const refused = (Destination: string) => client.send(new PutFunctionEventInvokeConfigCommand({ ...config, DestinationConfig: { OnSuccess: { Destination } } }))
    await expect(refused(`${ARN}:nobody`)).rejects.toMatchObject({ message: `The destination ARN ${ARN}:nobody is invalid.` })
    await expect(refused(`${ARN}:${source}`)).rejects.toMatchObject({ message: "You can't specify the function as a destination for itself." })
    await expect(refused('arn:aws:iam:us-east-1:000000000000:role/x')).rejects.toMatchObject({ message: expect.stringContaining('OnSuccess(destination=arn:aws:iam:us-east-1:000000000000:role/x), onFailure=null) is invalid.') })
    await expect(refused('kafka://weir.control.functions')).rejects.toMatchObject({ message: expect.stringContaining('own') })
    await expect(refused('arn:aws:s3:::some-bucket')).rejects.toMatchObject({ message: expect.stringContaining('OnFailure only') })
    await expect(client.send(new PutFunctionEventInvokeConfigCommand(config))).rejects.toMatchObject({ message: 'You must specify at least one of error handling or destination setting.' })
    await expect(client.send(new PutFunctionEventInvokeConfigCommand({ FunctionName: 'nobody', MaximumRetryAttempts: 1 }))).rejects.toMatchObject({ message: "The function doesn't exist." })
  })
})

describe('what is refused', () => {
  const ENVIRONMENT = 'Lambda was unable to configure your environment variables because the environment variables you have provided'
  test.each<[string, Partial<CreateFunctionCommandInput>, string, string]>([
    ['no zip', { Code: { ZipFile: Buffer.from('no zip') } }, 'InvalidParameterValueException', 'Could not unzip uploaded file. Please check your file, then try to upload again.'],
    ['an empty zip', { Code: { ZipFile: Buffer.alloc(0) } }, 'InvalidParameterValueException', 'Uploaded file must be a non-empty zip'],
    ['no code', { Code: {} }, 'InvalidParameterValueException', 'Please provide a source for function code.'],
    ['an image', { Code: { ImageUri: 'i' }, PackageType: 'Image' }, 'InvalidParameterValueException', 'Container images are not run here'],
    ['a role that is none', { Role: 'r1' }, 'ValidationException', "Value 'r1' at 'role' failed to satisfy constraint: Member must satisfy regular expression pattern: arn:(aws[a-zA-Z-]*)?:iam::\\d{12}:role/?[a-zA-Z_0-9+=,.@\\-_/]+"],
    ['a runtime that is none', { Runtime: 'cobol' as 'nodejs24.x' }, 'InvalidParameterValueException', "Value cobol at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: ["],
    ['Java', { Runtime: 'java21' }, 'InvalidParameterValueException', 'Here run Node.js, and where the operator allows them Python'],
    ['Python where it is not allowed', { Runtime: 'python3.13' }, 'InvalidParameterValueException', 'does not allow Python'],
    ['a runtime of long ago', { Runtime: 'nodejs12.x' }, 'InvalidParameterValueException', 'The runtime parameter of nodejs12.x is no longer supported for creating or updating AWS Lambda functions.'],
    ['no handler', { Handler: undefined }, 'InvalidParameterValueException', 'Runtime and Handler are mandatory parameters'],
    ['little memory', { MemorySize: 64 }, 'ValidationException', "at 'memorySize' failed to satisfy constraint: Member must have value greater than or equal to 128"],
    ['much time', { Timeout: 901 }, 'ValidationException', "at 'timeout' failed to satisfy constraint: Member must have value less than or equal to 900"],
    ['a long name', { FunctionName: 'x'.repeat(65) }, 'ValidationException', "at 'functionName' failed to satisfy constraint: Member must have length less than or equal to 64"],
    ['many variables', { Environment: { Variables: { A1: 'x'.repeat(4090) } } }, 'InvalidParameterValueException', `${ENVIRONMENT} exceeded the 4KB limit.`],
    ['variables of Lambda', { Environment: { Variables: { AWS_REGION: 'r' } } }, 'InvalidParameterValueException', `${ENVIRONMENT} contains reserved keys that are currently not supported for modification. Reserved keys used in this request: AWS_REGION`],
    ['a variable that is none', { Environment: { Variables: { '1A': 'secret' } } }, 'ValidationException', "Value at 'environment.variables' failed to satisfy constraint: Map keys must satisfy constraint"],
    ['layers', { Layers: ['arn:aws:lambda:us-east-1:000000000000:layer:l:1'] }, 'InvalidParameterValueException', 'Layers are not served here'],
    ['a network', { VpcConfig: { SubnetIds: ['subnet-1'], SecurityGroupIds: ['sg-1'] } }, 'InvalidParameterValueException', 'leave VpcConfig out'],
    ['a file system', { FileSystemConfigs: [{ Arn: 'arn:aws:elasticfilesystem:us-east-1:000000000000:access-point/fsap-00000000000000000', LocalMountPath: '/mnt/a' }] }, 'InvalidParameterValueException', 'leave FileSystemConfigs out'],
    ['a key', { KMSKeyArn: 'arn:aws:kms:us-east-1:000000000000:key/k' }, 'InvalidParameterValueException', 'leave KMSKeyArn out'],
    ['a dead-letter queue', { DeadLetterConfig: { TargetArn: 'arn:aws:sqs:us-east-1:000000000000:q' } }, 'InvalidParameterValueException', 'PutFunctionEventInvokeConfig'],
    ['snapshots', { SnapStart: { ApplyOn: 'PublishedVersions' } }, 'InvalidParameterValueException', 'SnapStart is not served here'],
  ])('%s', async (_what, input, name, message) => {
    const asked = new CreateFunctionCommand({ FunctionName: `bad-${run}`, Runtime: 'nodejs24.x', Role: ROLE, Handler: 'index.handler', Code: { ZipFile: await moduleZip('1') }, ...input })
    await expect(client.send(asked)).rejects.toMatchObject({ name, message: expect.stringContaining(message) })
    if (message.includes('secret')) throw new Error('The value must not be repeated.')
  })

  test('nothing is changed where that is off, of solutions, or without the right', async () => {
    const closed = new LambdaClient({ endpoint: closedUrl, region: 'us-east-1', credentials: { accessKeyId: 'test', secretAccessKey: 'test' }, maxAttempts: 1 })
    const FunctionName = `off-${run}`
    const code = { Runtime: 'nodejs24.x' as const, Role: ROLE, Handler: 'index.handler', Code: { ZipFile: await moduleZip('1') } }
    await expect(closed.send(new CreateFunctionCommand({ FunctionName, ...code }))).rejects.toMatchObject({ name: 'AccessDeniedException', message: expect.stringContaining('FUNCTIONS_DEPLOY=true') })
    await expect(closed.send(new DeleteFunctionCommand({ FunctionName: `kept-${run}` }))).rejects.toMatchObject({ name: 'AccessDeniedException' })
    expect((await closed.send(new GetFunctionCommand({ FunctionName: `kept-${run}` }))).Configuration).toMatchObject({ State: 'Active' })
    closed.destroy()
    await expect(client.send(new DeleteFunctionCommand({ FunctionName: fixed.name }))).rejects.toMatchObject({ name: 'ResourceConflictException', message: expect.stringContaining('belongs to a solution') })
    await expect(client.send(new CreateFunctionCommand({ FunctionName: fixed.name, ...code }))).rejects.toMatchObject({ message: `Function already exist: ${fixed.name}` })
    const limited = clientFor(LIMITED)
    await expect(limited.send(new CreateFunctionCommand({ FunctionName, ...code }))).rejects.toMatchObject({ name: 'AccessDeniedException' })
    await expect(limited.send(new GetFunctionCommand({ FunctionName: `kept-${run}` }))).rejects.toMatchObject({ name: 'AccessDeniedException' })
    await expect(limited.send(new InvokeCommand({ FunctionName: `kept-${run}`, InvocationType: 'DryRun' }))).resolves.toMatchObject({ StatusCode: 204 })
    limited.destroy()
  })
})
