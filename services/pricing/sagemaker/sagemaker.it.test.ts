/** SageMaker's runtime API by AWS's own client, on real servers. */
import { InvokeEndpointCommand, SageMakerRuntimeClient } from '@aws-sdk/client-sagemaker-runtime'
import { uniqueName } from '@weir/testkit'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  contract,
  type EndpointsClient,
  endpointsClient,
  modelsFolder,
  ROW,
  writeVersion,
} from '../testing/models.ts'
import { type Pricing, startPricing } from '../testing/pricing.ts'

let pricing: Pricing
let sagemaker: SageMakerRuntimeClient
let endpoints: EndpointsClient
const EndpointName = uniqueName('demand')
const folder = modelsFolder()

beforeAll(async () => {
  pricing = await startPricing({ variables: { MODELS: folder, MODELS_ENDPOINT: EndpointName } })
  sagemaker = pricing.client(SageMakerRuntimeClient)
  endpoints = endpointsClient(pricing.url)
  for (const version of ['1', '2']) writeVersion(folder, EndpointName, version)
  await endpoints.serve(EndpointName, '1')
})
afterAll(() => pricing?.stop())

const invoke = async (Body: string, more: object = {}) => {
  const answer = await sagemaker.send(new InvokeEndpointCommand({ EndpointName, Body, ...more }))
  return { ...answer, text: Buffer.from(answer.Body!).toString() }
}
const named = Object.fromEntries(contract.features.map(({ name }: any, i: number) => [name, ROW[i]]))

test('rows are predicted in JSON, JSON Lines and CSV, alike', async () => {
  const json = await invoke(JSON.stringify({ instances: [{ features: ROW }, { features: ROW }] }), {
    ContentType: 'application/json',
    CustomAttributes: 'trace=1',
  })
  const [first, second] = JSON.parse(json.text).predictions
  expect(first).toBeGreaterThan(0)
  expect(second).toBe(first)
  expect(json).toMatchObject({
    ContentType: 'application/json',
    InvokedProductionVariant: 'primary',
    CustomAttributes: 'trace=1',
  })
  const lines = await invoke(`${JSON.stringify({ features: ROW })}\n${JSON.stringify(named)}\n`, {
    ContentType: 'application/jsonlines',
  })
  expect(lines).toMatchObject({ ContentType: 'application/jsonlines', text: `${first}\n${first}\n` })
  const csv = await invoke(`${ROW.join(',')}\n`, { ContentType: 'text/csv', Accept: 'application/json' })
  expect(csv).toMatchObject({ ContentType: 'application/json', text: `{"predictions":[${first}]}` })
  expect((await invoke(JSON.stringify([named]))).text).toBe(`{"predictions":[${first}]}`)
})

test.each([
  ['a body that is not JSON', '{"instances":', {}, 'ModelError', 'The body is not JSON.'],
  ['NaN', `[[${['NaN', ...ROW.slice(1)]}]]`, {}, 'ModelError', 'price_to_list of row 1 is "NaN"'],
  ['a row without a value', `[[${ROW}],[${ROW.slice(1)}]]`, {}, 'ModelError', 'Row 2 has 13 values'],
  [
    'a type that is not known',
    '<a/>',
    { ContentType: 'text/xml' },
    'ModelError',
    'Rows are not read from text/xml',
  ],
  ['a body without rows', '[]', {}, 'ModelError', 'does not have a row'],
  [
    'a variant that is not there',
    `[[${ROW}]]`,
    { TargetVariant: 'x' },
    'ValidationError',
    'Variant x not found',
  ],
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
])('%s is refused as by SageMaker', async (_, body, more, name, message) => {
  await expect(invoke(body, more)).rejects.toMatchObject({ name, message: expect.stringContaining(message) })
})
