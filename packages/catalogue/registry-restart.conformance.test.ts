/**
 * Ids are written into every record, so they must outlive the registry: a registry that issues them again
 * makes old records decode with the wrong schema.
 */

import { rmSync } from 'node:fs'
import { join } from 'node:path'
import type { AvroSchema } from '@weir/contracts/avro.ts'
import { freePorts } from '@weir/stack/ports.ts'
import type { Running } from '@weir/stack/server.ts'
import { registry } from '@weir/stack/servers/registry.ts'
import { temporaryFolder } from '@weir/stack/shared-servers.ts'
import { type KafkaCluster, kafkaCluster } from '@weir/testkit'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { registerVersions } from './register.ts'

const folder = temporaryFolder()
let kafka: KafkaCluster
let running: Running

async function startRegistry(): Promise<string> {
  const [port] = (await freePorts(1)) as [number]
  running = await registry.start({
    data: join(folder, 'registry'),
    log: join(folder, 'registry.log'),
    port,
    brokers: kafka.brokers,
  })
  await running.ready
  return running.url
}

async function killRegistry(): Promise<void> {
  running.kill('SIGKILL')
  await running.exited
}

beforeAll(async () => {
  kafka = await kafkaCluster({ brokers: 1 })
})
afterAll(async () => {
  if (running !== undefined) await killRegistry()
  await kafka?.stop()
  rmSync(folder, { recursive: true, force: true })
})

test('ids stay the same after kill -9 and registration in another order', async () => {
  const schema = (name: string): AvroSchema =>
    ({ type: 'record', name, namespace: 'test', fields: [{ name: 'a', type: 'string' }] }) as AvroSchema
  const names = ['A', 'B', 'C']
  const first = await startRegistry()
  const before = new Map<string, number>()
  for (const name of names) before.set(name, await registerVersions(first, `${name}-value`, [schema(name)]))
  await killRegistry()

  const second = await startRegistry()
  const after = new Map<string, number>()
  for (const name of names.toReversed())
    after.set(name, await registerVersions(second, `${name}-value`, [schema(name)]))
  expect(new Map([...after].toReversed())).toEqual(before)
  for (const [name, id] of before) {
    expect(
      JSON.parse(((await (await fetch(`${second}/schemas/ids/${id}`)).json()) as { schema: string }).schema),
    ).toMatchObject({ name })
  }
  expect(
    await registerVersions(second, 'D-value', [schema('D')]),
    'a new schema gets a new id',
  ).toBeGreaterThan(Math.max(...before.values()))
})
