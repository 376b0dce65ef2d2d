import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { tieProcess } from '../lifeline.ts'
import { freePorts } from '../ports.ts'
import type { Running } from '../server.ts'
import { temporaryFolder } from '../shared-servers.ts'
import { kafka } from './kafka.ts'
import { registry } from './registry.ts'

const schema = (name: string) =>
  JSON.stringify({ type: 'record', name, fields: [{ name: 'x', type: 'int' }] })

async function register(url: string, name: string): Promise<number> {
  const response = await fetch(`${url}/subjects/${name}-value/versions`, {
    method: 'POST',
    headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
    body: JSON.stringify({ schema: schema(name) }),
  })
  return ((await response.json()) as { id: number }).id
}

test('a registry that was killed hands out the same ids again, whatever the order', async () => {
  const folder = temporaryFolder()
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const tied = async (starting: Promise<Running>): Promise<Running> => {
    const server = await starting
    tieProcess(server.pid)
    onTestFinished(() => server.stop(3000))
    await server.ready
    return server
  }
  const [port, controller, registryPort] = (await freePorts(3)) as [number, number, number]
  const place = (name: string) => ({ data: join(folder, name), log: join(folder, `${name}.log`) })
  const broker = await tied(
    kafka.start({ ...place('kafka'), nodeId: 1, port, voters: [{ nodeId: 1, port: controller }] }),
  )
  const start = (): Promise<Running> =>
    tied(registry.start({ ...place('registry'), port: registryPort, brokers: [broker.url] }))

  const first = await start()
  const ids = { a: await register(first.url, 'A'), b: await register(first.url, 'B') }
  first.kill('SIGKILL')
  await first.exited

  const second = await start()
  expect({ b: await register(second.url, 'B'), a: await register(second.url, 'A') }).toEqual(ids)
  expect(ids.a).not.toBe(ids.b)
}, 300_000)
