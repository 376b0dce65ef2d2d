/** SageMaker's runtime API by AWS's own client, and the contract of its containers, on real servers. */
import { createHash } from 'node:crypto'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { InvokeEndpointCommand, SageMakerRuntimeClient } from '@aws-sdk/client-sagemaker-runtime'
import { tieFolder } from '@weir/stack/lifeline.ts'
import { uniqueName } from '@weir/testkit'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  type EndpointsClient,
  endpointsClient,
  modelsFolder,
  WIDTH,
  writeVersion,
} from '../testing/models.ts'
import { failingModel, meanModel, rootModel, slowModel } from '../testing/onnx.ts'
import { type Pricing, startPricing } from '../testing/pricing.ts'

let pricing: Pricing
let sagemaker: SageMakerRuntimeClient
let endpoints: EndpointsClient
const EndpointName = uniqueName('demand')
const OTHER_HASH = createHash('sha256').update('key-of-another').digest('hex')
const CREDENTIALS = { accessKeyId: 'MODELS1', secretAccessKey: 'secret-of-the-test-1' }
const OTHER_CREDENTIALS = { accessKeyId: 'MODELS2', secretAccessKey: 'secret-of-the-test-2' }
const versions = {
  mean: meanModel(WIDTH),
  root: rootModel(WIDTH),
  failing: failingModel(WIDTH),
  slow: slowModel(WIDTH),
}

beforeAll(async () => {
  const folder = await modelsFolder()
  const keys = mkdtempSync(join(tmpdir(), 'weir-keys-'))
  tieFolder(keys)
  writeFileSync(
    join(keys, 'api-keys.json'),
    JSON.stringify([{ name: 'other', sha256: OTHER_HASH, topics: ['endpoint.x'] }]),
  )
  writeFileSync(
    join(keys, 'access-keys.json'),
    JSON.stringify([
      { ...OTHER_CREDENTIALS, rights: { sagemaker: [`${EndpointName}-not`] } },
      { ...CREDENTIALS, rights: { sagemaker: [EndpointName] } },
    ]),
  )
  pricing = await startPricing({
    variables: {
      MODELS: folder,
      MODELS_ENDPOINT: EndpointName,
      API_KEYS_FILE: join(keys, 'api-keys.json'),
      AWS_ACCESS_KEYS_FILE: join(keys, 'access-keys.json'),
    },
  })
  sagemaker = pricing.client(SageMakerRuntimeClient)
  endpoints = endpointsClient(pricing.url)
  expect((await fetch(`${pricing.url}/ping`)).status).toBe(503)
  await endpoints.create(EndpointName, { timeLimitMs: 2000, gatherMs: 1 })
  for (const [version, file] of Object.entries(versions)) {
    writeVersion(folder, EndpointName, version, file)
    await endpoints.register(EndpointName, version)
  }
  await endpoints.share(EndpointName, { mean: 1, root: 0, failing: 0, slow: 0 })
})
afterAll(async () => {
  await endpoints?.deleteAll()
  await pricing?.stop()
})

const invoke = async (Body: string, more: object = {}) => {
  const answer = await sagemaker.send(new InvokeEndpointCommand({ EndpointName, Body, ...more }))
  return { ...answer, text: Buffer.from(answer.Body!).toString() }
}

test('rows are predicted in JSON, JSON Lines and CSV, alike', async () => {
  const json = await invoke('{"instances":[{"features":[1,2,3]},{"features":[0.5,0,1]}]}', {
    ContentType: 'application/json',
    CustomAttributes: 'trace=1',
  })
  expect(json).toMatchObject({
    text: '{"predictions":[2,0.5]}',
    ContentType: 'application/json',
    InvokedProductionVariant: 'vmean',
    CustomAttributes: 'trace=1',
  })
  const lines = await invoke('{"features":[1,2,3]}\n{"third":1,"second":0,"first":0.5}\n', {
    ContentType: 'application/jsonlines',
  })
  expect(lines).toMatchObject({ ContentType: 'application/jsonlines', text: '2\n0.5\n' })
  const csv = await invoke('1,2,3\n', { ContentType: 'text/csv', Accept: 'application/json' })
  expect(csv).toMatchObject({ ContentType: 'application/json', text: '{"predictions":[2]}' })
  expect((await invoke('[{"first":1,"second":2,"third":3}]')).text).toBe('{"predictions":[2]}')
})

test.each([
  ['a body that is not JSON', '{"instances":', {}, 'ModelError', 'The body is not JSON.'],
  ['NaN', '[[1,2,NaN]]', {}, 'ModelError', 'third of row 1 is "NaN", and must be a number.'],
  ['a row that lacks a value', '[[1,2,3],[1,2]]', {}, 'ModelError', 'Row 2 has 2 values'],
  [
    'a type that is not known',
    '<a/>',
    { ContentType: 'text/xml' },
    'ModelError',
    'Rows are not read from text/xml',
  ],
  [
    'a wanted type that is not known',
    '[[1,2,3]]',
    { Accept: 'image/png' },
    'ModelError',
    'not written as image/png',
  ],
  ['a body without rows', '[]', {}, 'ModelError', 'does not have a row'],
  ['a variant that is not there', '[]', { TargetVariant: 'x' }, 'ValidationError', 'Variant x not found'],
  [
    'a multi-model endpoint',
    '[]',
    { TargetModel: 'a.tar.gz' },
    'ValidationError',
    'TargetModel is not supported',
  ],
  [
    'another endpoint',
    '[]',
    { EndpointName: 'none' },
    'ValidationError',
    'Endpoint none of account 000000000000',
  ],
])('%s is refused as by SageMaker', async (_, body, more, name, text) => {
  await expect(invoke(body, more)).rejects.toMatchObject({ name, message: expect.stringContaining(text) })
})

test('a body over the limit of SageMaker is refused', async () => {
  await expect(invoke('x'.repeat(6_291_457))).rejects.toMatchObject({ $metadata: { httpStatusCode: 413 } })
})

test('a model that answers NaN, fails or takes too long gives a ModelError that says so', async () => {
  const error = (variant: string, row: string): Promise<unknown> =>
    invoke(`[${row}]`, { TargetVariant: variant }).then(
      () => undefined,
      ({ name, OriginalStatusCode, OriginalMessage }) => ({ name, OriginalStatusCode, OriginalMessage }),
    )
  expect(await error('vroot', '[-1,-1,-1]')).toEqual({
    name: 'ModelError',
    OriginalStatusCode: 500,
    OriginalMessage: 'The model predicts NaN for row 1.',
  })
  expect(await error('vfailing', '[5,5,5]')).toMatchObject({
    OriginalStatusCode: 500,
    OriginalMessage: expect.stringContaining('The model failed: '),
  })
  expect((await invoke('[[0,0,0]]', { TargetVariant: 'vfailing' })).text).toBe('{"predictions":[0]}')
  expect(await error('vslow', '[1000,1000,1000]')).toEqual({
    name: 'ModelError',
    OriginalStatusCode: 504,
    OriginalMessage: 'The model took longer than its limit of 2000 ms.',
  })
  expect((await invoke('[[1,2,3]]')).text).toBe('{"predictions":[2]}')
  await expect.poll(() => error('vslow', '[0,0,0]'), { timeout: 10_000 }).toBeUndefined()
  const metrics = await (await fetch(`${pricing.url}/metrics`)).text()
  for (const [variant, outcome] of [
    ['vroot', 'not-finite'],
    ['vfailing', 'failed'],
    ['vslow', 'slow'],
  ])
    expect(metrics).toContain(
      `weir_model_requests_total{endpoint="${EndpointName}",variant="${variant}",outcome="${outcome}"} 1`,
    )
})

test('the service answers as a container of SageMaker does', async () => {
  const post = async (body: string, headers: Readonly<Record<string, string>>) => {
    const answer = await fetch(`${pricing.url}/invocations`, { method: 'POST', body, headers })
    return [answer.status, answer.headers.get('content-type'), await answer.text()]
  }
  expect((await fetch(`${pricing.url}/ping`)).status).toBe(200)
  expect(await post('1,2,3\n4,5,6', { 'content-type': 'text/csv' })).toEqual([200, 'text/csv', '2\n5\n'])
  const json = { 'content-type': 'application/json' }
  expect(await post('[[1,2,3]]', json)).toEqual([200, 'application/json', '{"predictions":[2]}'])
  expect(await post('[[1,2,3000]]', json)).toMatchObject([
    400,
    expect.anything(),
    '{"error":{"code":"rows","message":"third of row 1 is 3000, and must be between -1000 and 1000."}}',
  ])
  expect((await post('<a/>', { 'content-type': 'text/xml' }))[0]).toBe(415)
})

test('an endpoint answers those who have a right over it, and is changed only by those', async () => {
  const clientWith = (credentials: object) =>
    new SageMakerRuntimeClient({ endpoint: pricing.url, region: 'us-east-1', credentials } as object)
  const command = () => new InvokeEndpointCommand({ EndpointName, Body: '[[1,2,3]]' })
  expect((await clientWith(CREDENTIALS).send(command())).InvokedProductionVariant).toBe('vmean')
  await expect(clientWith(OTHER_CREDENTIALS).send(command())).rejects.toMatchObject({
    name: 'AccessDeniedException',
    message: expect.stringContaining(
      `sagemaker:InvokeEndpoint on resource: arn:aws:sagemaker:us-east-1:000000000000:endpoint/${EndpointName} `,
    ),
  })
  const headers = { 'x-api-key': 'key-of-another', 'content-type': 'application/json' }
  const own = `${pricing.url}/v1/endpoints/${EndpointName}`
  const status = async (method: string, url: string, body?: string): Promise<number> =>
    (await fetch(url, { method, headers, body: body ?? null })).status
  expect(await status('GET', own)).toBe(403)
  expect(await status('DELETE', own)).toBe(403)
  expect(await status('PUT', `${own}/variants`, '{}')).toBe(403)
  expect(await status('POST', `${pricing.url}/invocations`, '[[1,2,3]]')).toBe(403)
  expect(await (await fetch(`${pricing.url}/v1/endpoints`, { headers })).json()).toEqual({ endpoints: [] })
})
