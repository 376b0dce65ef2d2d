import { schemaOf } from '@weir/contracts'
import { topics } from '@weir/solutions'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openCodec } from './codec.ts'
import { registryAt } from './registry.ts'
import { Schemas } from './schemas.ts'
import { type UnwellRegistry, unwellRegistry } from './testing/unwell-registry.ts'

let server: UnwellRegistry
let schemas: Schemas
beforeEach(async () => {
  server = await unwellRegistry()
  schemas = new Schemas(registryAt(server.url, 300, 'weir.functions.code'))
})
afterEach(() => server.stop())

const found = (schema: unknown): UnwellRegistry['answer'] => ({
  status: 200,
  body: JSON.stringify({ schema: JSON.stringify(schema) }),
})
const NOT_FOUND: UnwellRegistry['answer'] = {
  status: 404,
  body: '{"error_code":40403,"message":"Schema 7 not found"}',
}

describe('a schema is not judged by', () => {
  test.each([
    ['silence', 'silence', 'Timeout (300ms)'],
    [
      'an error of the registry',
      { status: 500, body: '{"error_code":50001,"message":"The store does not answer."}' },
      'The store does not answer.',
    ],
    ['a proxy without a registry', { status: 503, body: '<html>no upstream</html>' }, 'status 503'],
    ["a proxy's own 404", { status: 404, body: '<html>not here</html>' }, 'status 404'],
    ["a proxy's page", { status: 200, body: '<html>log in</html>' }, 'does not answer'],
    ['an answer without a schema', { status: 200, body: '{"hello":"world"}' }, 'does not answer'],
    [
      'a refused login',
      { status: 401, body: '{"error_code":40101,"message":"Log in first."}' },
      'Log in first.',
    ],
  ] as const)('%s', async (_, answer, reason) => {
    server.answer = answer
    await expect(schemas.resolve(7)).rejects.toMatchObject({
      code: 'registry-unavailable',
      retriable: true,
      message: expect.stringContaining(reason),
    })
    expect(schemas.get(7)).toBeUndefined()
    server.answer = found(schemaOf(topics['taxi.telemetry']))
    await schemas.resolve(7)
    expect(schemas.get(7)).toMatchObject({ kind: 'record' })
  })

  test('a registry that refuses connections', async () => {
    const { url } = server
    await server.stop()
    await expect(new Schemas(registryAt(url, 300, 'weir.functions.code')).resolve(7)).rejects.toMatchObject({
      code: 'registry-unavailable',
      message: expect.stringContaining('ECONNREFUSED'),
    })
    server = await unwellRegistry()
  })
})

test('a missing schema is requested again once, after the registry shows that it has the contracts', async () => {
  server.answer = NOT_FOUND
  await schemas.resolve(7)
  await schemas.resolve(7)
  expect(schemas.get(7)).toBe('The registry does not have a schema with id 7.')
  expect(server.asked).toEqual([
    '/schemas/ids/7',
    expect.stringMatching(/^\/subjects\/.*\/versions\/latest$/),
    '/schemas/ids/7',
  ])
  await schemas.resolveAll([8, 9, 10])
  expect(server.asked.slice(3).sort()).toEqual(['/schemas/ids/10', '/schemas/ids/8', '/schemas/ids/9'])
})

test('a registry that has just started, and has not read its storage, gives no verdict', async () => {
  server.answer = NOT_FOUND
  server.hasContracts = false
  await expect(schemas.resolve(7)).rejects.toMatchObject({ code: 'registry-unavailable', retriable: true })
  expect(schemas.get(7)).toBeUndefined()
  server.hasContracts = true
  const resolving = schemas.resolve(7)
  await expect.poll(() => server.asked.length).toBe(4)
  server.answer = found(schemaOf(topics['taxi.telemetry']))
  await resolving
  expect(schemas.get(7)).toMatchObject({ kind: 'record' })
})

test('concurrent lookups of an id make one request', async () => {
  server.answer = found(schemaOf(topics['taxi.telemetry']))
  await Promise.all([schemas.resolve(7), schemas.resolve(7), schemas.resolveAll([7, 7, 7])])
  expect(server.asked).toEqual(['/schemas/ids/7'])
})

test.each([
  [
    'in another language',
    { status: 200, body: '{"schemaType":"JSON","schema":"{\\"type\\":\\"object\\"}"}' },
  ],
  [
    'that is recursive',
    found({ type: 'record', name: 'Node', fields: [{ name: 'next', type: ['null', 'Node'] }] }),
  ],
  ['that is not valid', found({ type: 'record', name: 'R' })],
] as const)('a schema %s is refused for good', async (_, answer) => {
  server.answer = answer
  await schemas.resolve(7)
  expect(schemas.get(7)).toMatch(/^Schema 7 /)
})

test('a writer that could not be made is made by the next call', async () => {
  server.answer = NOT_FOUND
  const { value: codec } = await openCodec({ topics, url: server.url, timeoutMs: 300 })
  await expect(codec.writer('taxi.telemetry')).rejects.toMatchObject({ code: 'not-registered' })
  server.answer = { status: 200, body: '{"id":41}' }
  expect((await codec.writer('taxi.telemetry')).schemaId).toBe(41)
})
