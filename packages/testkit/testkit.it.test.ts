import { connect } from 'node:net'
import { kafkaNodes } from '@weir/stack/kafka-admin.ts'
import { beforeAll, expect, test } from 'vitest'
import { servers } from './servers.ts'
import { uniqueName } from './unique-name.ts'

// Starting the servers takes longer than the time-out of a test.
beforeAll(async () => {
  await Promise.all([servers.registry(), servers.redis(), servers.search('opensearch')])
  await servers.search('elasticsearch')
})

test('Kafka has its one broker', async () => {
  const { brokers } = await servers.kafka()
  expect(await kafkaNodes(brokers)).toEqual([1])
})

test('the registry demands full compatibility with all versions', async () => {
  const { url } = await servers.registry()
  expect(await (await fetch(`${url}/config`)).json()).toEqual({ compatibilityLevel: 'FULL_TRANSITIVE' })
})

test('Redis answers a ping', async () => {
  const { hostname, port } = new URL((await servers.redis()).url)
  const reply = await new Promise((done) => {
    const socket = connect(Number(port), hostname, () => socket.write('PING\r\n'))
    socket.once('data', (data) => done(data.toString())).once('data', () => socket.destroy())
  })
  expect(reply).toBe('+PONG\r\n')
})

test.each(['opensearch', 'elasticsearch'] as const)('%s stores a document and finds it', async (engine) => {
  const { url } = await servers.search(engine)
  const index = uniqueName('testkit')
  const headers = { 'content-type': 'application/json' }
  await fetch(`${url}/${index}/_doc/1?refresh=true`, { method: 'PUT', headers, body: '{"speed":42}' })
  const found = (await (await fetch(`${url}/${index}/_search?q=speed:42`)).json()) as {
    hits: { hits: { _id: string }[] }
  }
  await fetch(`${url}/${index}`, { method: 'DELETE' })
  expect(found.hits.hits.map((hit) => hit._id)).toEqual(['1'])
})

test.each(['opensearch', 'elasticsearch'] as const)('%s refuses requests of web pages', async (engine) => {
  const { url } = await servers.search(engine)
  // A page may send this without a preflight: it has no header of its own and no body.
  const statusFrom = async (origin?: string): Promise<number> =>
    (await fetch(`${url}/_refresh`, { method: 'POST', headers: origin === undefined ? {} : { origin } }))
      .status
  expect(await statusFrom('http://page.example')).toBe(403)
  expect(await statusFrom('null')).toBe(403)
  expect(await statusFrom('http://localhost:8084')).toBe(403)
  expect(await statusFrom()).toBe(200)
})

test('a second call returns the same server', async () => {
  expect(await servers.kafka()).toEqual(await servers.kafka())
})
