/**
 * The servers that all tests of a run share. Each is started when first asked for; the run's global setup
 * ends them. If WEIR_TEST_SERVERS names a file of running servers (`node packages/stack/dev-servers.ts
 * FILE`), those are used.
 */
import { readFileSync } from 'node:fs'

export interface Servers {
  kafka(): Promise<{ brokers: string[] }>
  /** The address of the registry's Confluent API. */
  registry(): Promise<{ url: string }>
  redis(): Promise<{ url: string }>
  search(engine: 'opensearch' | 'elasticsearch'): Promise<{ url: string }>
  /** DynamoDB Local. */
  dynamodb(): Promise<{ url: string }>
  /** An object store with S3's API, and with the bucket `weir`. It accepts any credentials. */
  objects(): Promise<{ url: string }>
}

/** The variable by which the global setup gives its workers the coordinator's address. */
export const COORDINATOR = 'WEIR_TEST_COORDINATOR'

export const servers: Servers = {
  kafka: () => ask('kafka'),
  registry: () => ask('registry'),
  redis: () => ask('redis'),
  search: (engine) => ask(engine),
  dynamodb: () => ask('dynamodb'),
  objects: () => ask('objects'),
}

async function ask<T>(name: string): Promise<T> {
  const known = fromFile(name)
  if (known !== undefined) return known as T
  const coordinator = process.env[COORDINATOR]
  if (!coordinator)
    throw new Error(
      `There is no ${name} for this test: run it with vitest and the project's vitest.config.ts, or set WEIR_TEST_SERVERS to a file that names it.`,
    )
  const response = await fetch(`${coordinator}/${name}`)
  if (!response.ok) throw new Error(await response.text())
  return (await response.json()) as T
}

function fromFile(name: string): unknown {
  const file = process.env.WEIR_TEST_SERVERS
  return file ? JSON.parse(readFileSync(file, 'utf8'))[name] : undefined
}
