/** Versions, variants and their changes under load, on real servers, with AWS's own client. */
import { InvokeEndpointCommand, SageMakerRuntimeClient } from '@aws-sdk/client-sagemaker-runtime'
import { freePorts } from '@weir/stack/ports.ts'
import { uniqueName } from '@weir/testkit'
import { untilReady } from '@weir/testkit/service-process.ts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  cardOf,
  contract,
  type EndpointsClient,
  endpointsClient,
  modelsFolder,
  WIDTH,
  writeVersion,
} from '../testing/models.ts'
import { meanModel, rootModel } from '../testing/onnx.ts'
import { clientOf, openPricingWorld, type PricingWorld } from '../testing/pricing.ts'

const folder = await modelsFolder()
const MEAN = meanModel(WIDTH)
/** Its predictions are 1,000 more, so that an answer shows which version made it. */
const MORE = meanModel(WIDTH, 1000)
const HALF = meanModel(WIDTH, 0.5)

let world: PricingWorld
let service: Awaited<ReturnType<PricingWorld['start']>>
let sagemaker: SageMakerRuntimeClient
let endpoints: EndpointsClient

beforeAll(async () => {
  // Its own API stands for SageMaker's, which remote models call.
  const [port] = await freePorts(1)
  const variables = {
    MODELS: folder,
    AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME: `http://127.0.0.1:${port}`,
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
  }
  world = await openPricingWorld({ variables })
  service = await world.start({ HTTP_PORT: String(port) })
  sagemaker = clientOf(SageMakerRuntimeClient, service.url)
  endpoints = endpointsClient(service.url)
})
afterAll(async () => {
  await endpoints?.deleteAll()
  service?.kill('SIGKILL')
  await world?.stop()
})

/** Resolves to the variant and the prediction for a row whose mean is the value. */
async function invoke(EndpointName: string, value: number, client = sagemaker) {
  const Body = JSON.stringify([[value, value, value]])
  const answer = await client.send(new InvokeEndpointCommand({ EndpointName, Body }))
  const { predictions } = JSON.parse(Buffer.from(answer.Body!).toString())
  return { variant: answer.InvokedProductionVariant!, prediction: predictions[0] as number }
}

/** Creates an endpoint whose version 1 has all weight; versions 2 and 3 are registered. */
async function newEndpoint(): Promise<string> {
  const name = uniqueName('demand')
  await endpoints.create(name)
  for (const [index, file] of [MEAN, MORE, HALF].entries()) {
    writeVersion(folder, name, String(index + 1), file)
    await endpoints.register(name, String(index + 1))
  }
  await endpoints.share(name, { 1: 1 })
  return name
}

const countOf = async (metric: string): Promise<number> => {
  const text = await (await fetch(`${service.url}/metrics`)).text()
  const line = text.split('\n').find((one) => one.startsWith(metric))
  return line === undefined ? 0 : Number(line.slice(line.lastIndexOf(' ')))
}

test.each<[string, Buffer, (card: any) => any, string]>([
  [
    'with its features in another order',
    MEAN,
    (card) => ({ ...card, features: card.features.toReversed() }),
    "The contract has the feature first, and feature 1 of the model's card is third.",
  ],
  [
    'with a feature in another unit',
    MEAN,
    (card) => ({ ...card, features: [{ ...card.features[0], unit: 'h' }, ...card.features.slice(1)] }),
    "The unit of first is none in the contract, and h in the model's card.",
  ],
  [
    'that predicts something else',
    MEAN,
    (card) => ({ ...card, predicts: { ...card.predicts, name: 'revenue' } }),
    'The name of the label is units in the contract, and the model predicts revenue.',
  ],
  ['whose card has more features than its file', meanModel(WIDTH - 1), (card) => card, 'The model failed: '],
  [
    'whose file is cut in half',
    MEAN.subarray(0, MEAN.length / 2),
    () => cardOf(MEAN),
    'the file is not whole',
  ],
  [
    'whose file is cut in half, with a card for it',
    MEAN.subarray(0, MEAN.length / 2),
    (card) => card,
    'The model failed: ',
  ],
  ['whose file is not that of its card', HALF, () => cardOf(MORE), 'it is another file'],
  ['that predicts NaN in the middle of its ranges', rootModel(WIDTH, -1), (card) => card, 'predicts NaN'],
  ['whose card is a list', MEAN, () => [], 'The value must be an object.'],
])('a model %s is refused with a sentence', async (_, file, card, sentence) => {
  const name = uniqueName('refused')
  await endpoints.create(name)
  writeVersion(folder, name, '1', file, card(cardOf(file)))
  const { status, body } = await endpoints.ask('POST', `${name}/versions`, { version: '1' })
  expect(status).toBe(422)
  expect(body.error.message).toContain(`Version 1 cannot be registered: `)
  expect(body.error.message).toContain(sentence)
  expect((await endpoints.ask('GET', name)).body.versions).toEqual([])
})

test('a canary gets its share, a shadow never answers, and a rollback restores what was before', async () => {
  const name = await newEndpoint()
  await endpoints.share(name, { 1: 90, 2: 10 }, ['3'])
  const answers = await Promise.all(Array.from({ length: 200 }, (_, i) => invoke(name, i)))
  expect(answers.filter(({ variant }) => variant === 'v2')).toHaveLength(20)
  for (const [i, { variant, prediction }] of answers.entries())
    expect(prediction).toBe(variant === 'v2' ? i + 1000 : i)
  await expect
    .poll(async () => (await endpoints.ask('GET', name)).body.here.differences)
    .toEqual([
      {
        variant: 'v3',
        rows: 200,
        mean: -99.5,
        meanAbsolute: expect.closeTo(100.4),
        maxAbsolute: 999.5,
      },
    ])
  expect(await countOf(`weir_model_shadow_difference_count{endpoint="${name}",variant="v3"}`)).toBe(200)

  const { status, body } = await endpoints.ask('POST', `${name}/rollback`)
  expect([status, body.plan.variants]).toEqual([200, [{ name: 'v1', version: '1', weight: 1 }]])
  const after = await Promise.all(Array.from({ length: 50 }, (_, i) => invoke(name, i)))
  expect(after.every(({ variant }) => variant === 'v1')).toBe(true)
})

test('while versions are swapped under load, every request has one answer of one version', async () => {
  const name = await newEndpoint()
  let [isOver, sent] = [false, 0]
  const seen = new Map<string, number>()
  const ask = async (): Promise<void> => {
    while (!isOver) {
      const value = sent++ % 900
      const { variant, prediction } = await invoke(name, value)
      expect(prediction).toBe({ v1: value, v2: value + 1000, v3: value + 0.5 }[variant])
      seen.set(variant, (seen.get(variant) ?? 0) + 1)
    }
  }
  const asking = Array.from({ length: 16 }, ask)
  for (const version of ['2', '3', '1', '2', '3']) await endpoints.share(name, { [version]: 1 })
  await endpoints.ask('POST', `${name}/rollback`)
  isOver = true
  await Promise.all(asking)
  expect([...seen.keys()].sort()).toEqual(['v1', 'v2', 'v3'])
  for (const [variant, count] of seen) {
    const labels = `{endpoint="${name}",variant="${variant}"`
    expect(await countOf(`weir_model_requests_total${labels},outcome="ok"}`)).toBe(count)
    expect(await countOf(`weir_model_rows_total${labels}}`)).toBe(count)
  }
})

test('a version whose file has changed is not loaded: what served before serves on, and a metric says so', async () => {
  const name = await newEndpoint()
  const stuck = () => countOf(`weir_endpoint_stuck{endpoint="${name}"}`)
  writeVersion(folder, name, '2', HALF)
  await endpoints.share(name, { 2: 1 })
  const { here } = (await endpoints.ask('GET', name)).body
  expect(here.problem).toContain('Version 2 has another model than the one that was registered')
  expect(here.serving).toEqual([{ name: 'v1', version: '1' }])
  expect(await invoke(name, 7)).toEqual({ variant: 'v1', prediction: 7 })
  expect(await stuck()).toBe(1)
  // Tables do not depend on models.
  expect((await fetch(`${service.url}/readyz`)).status).toBe(200)
  await endpoints.ask('POST', `${name}/rollback`)
  expect(await stuck()).toBe(0)
})

test('other replicas serve what was decided, from their start and after a change', async () => {
  const name = await newEndpoint()
  const other = await world.start()
  try {
    await untilReady(other)
    const client = clientOf(SageMakerRuntimeClient, other.url)
    expect(await invoke(name, 3, client)).toEqual({ variant: 'v1', prediction: 3 })
    await endpoints.share(name, { 2: 1 })
    await expect.poll(() => invoke(name, 3, client)).toEqual({ variant: 'v2', prediction: 1003 })
    expect((await endpoints.ask('DELETE', name)).status).toBe(204)
    await expect.poll(() => invoke(name, 3, client).catch(({ name: error }) => error)).toBe('ValidationError')
  } finally {
    other.kill('SIGTERM')
    expect(await other.exited).toBe(0)
  }
})

test('changes that cannot be made are refused with a sentence', async () => {
  const name = await newEndpoint()
  const refused = async (method: string, path: string, body?: unknown) => {
    const { status, body: answer } = await endpoints.ask(method, path, body)
    return [status, answer.error.message]
  }
  const variant = { name: 'v1', version: '1', weight: 1 }
  expect(
    await refused('PUT', `${name}/variants`, { variants: [{ ...variant, version: '9' }], shadows: [] }),
  ).toEqual([400, `Version 9 of ${name} is not registered; register it first.`])
  expect(await refused('PUT', `${name}/variants`, { variants: [variant, variant], shadows: [] })).toEqual([
    400,
    'Two variants are named v1.',
  ])
  expect(
    await refused('PUT', `${name}/variants`, { variants: [{ ...variant, weight: 0 }], shadows: [] }),
  ).toEqual([400, 'All weights are 0, so no variant would answer.'])
  expect(await refused('POST', `${name}/versions`, { version: '../1' })).toMatchObject([
    400,
    expect.stringContaining('version must be letters'),
  ])
  expect(await refused('POST', `${name}/versions`, { version: 'none' })).toMatchObject([
    422,
    expect.stringContaining('There is no file '),
  ])
  const other = { ...contract, features: contract.features.slice(1) }
  expect(await refused('PUT', name, { contract: other })).toMatchObject([
    409,
    expect.stringContaining('has another contract'),
  ])
  expect(await refused('POST', 'nothing/rollback')).toEqual([404, 'There is no endpoint nothing.'])
})

test('an endpoint of SageMaker takes the place of a file, and its faults are those of the model', async () => {
  const behind = await newEndpoint()
  const name = uniqueName('remote')
  const { model: _file, ...card } = cardOf(MEAN)
  const remote = { endpoint: behind, region: 'us-east-1' }
  writeVersion(folder, name, '1', Buffer.alloc(0), { ...card, remote })
  writeVersion(folder, name, '2', Buffer.alloc(0), { ...card, remote: { ...remote, endpoint: 'none' } })
  await endpoints.create(name)
  await endpoints.register(name, '1')
  await endpoints.share(name, { 1: 1 })
  const answers = await Promise.all(Array.from({ length: 40 }, (_, i) => invoke(name, i + 0.5)))
  expect(answers.map(({ prediction }) => prediction)).toEqual(Array.from({ length: 40 }, (_, i) => i + 0.5))
  const { status, body } = await endpoints.ask('POST', `${name}/versions`, { version: '2' })
  expect([status, body.error.message]).toEqual([
    422,
    'Version 2 cannot be registered: The endpoint none answered ValidationError: Endpoint none of account 000000000000 not found.',
  ])
  expect((await endpoints.ask('DELETE', behind)).status).toBe(204)
  await expect(invoke(name, 1)).rejects.toMatchObject({
    name: 'ModelError',
    OriginalMessage: expect.stringContaining(`The endpoint ${behind} answered ValidationError`),
  })
})
