/** Deployment by Lambda's own operations, with the client of AWS for JavaScript, over a real broker. */
import { randomBytes } from 'node:crypto'
import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import {
  DeleteFunctionCommand, GetFunctionCommand, GetFunctionConfigurationCommand, ListFunctionsCommand, UpdateFunctionCodeCommand,
  UpdateFunctionConfigurationCommand, waitUntilFunctionActiveV2, waitUntilFunctionUpdatedV2,
} from '@aws-sdk/client-lambda'
import { expect, test } from 'vitest'
import { moduleZip, openApi, ROLE, textOf } from '../testing/api.ts'

const { run, fixed, deployedFolder, service, replica, client, invoke, deploy } = await openApi()

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
