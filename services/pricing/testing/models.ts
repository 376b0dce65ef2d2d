/** Versions of models in a folder, and the endpoints of a service under test. */
import { createHash } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { tieFolder } from '@weir/stack/lifeline.ts'
import { servers } from '@weir/testkit'
import type { Contract } from '../models/features.ts'

const range = { type: 'float32', unit: 'none', min: -1000, max: 1000 } as const

/** The contract of the models of onnx.ts with three features. */
export const contract: Contract = {
  features: ['first', 'second', 'third'].map((name) => ({ name, ...range })),
  label: { name: 'units', type: 'float32', unit: 'none' },
}
export const WIDTH = contract.features.length

/**
 * Returns the folder for the models of all tests on the shared brokers: a replica sees the endpoints of all of them,
 * and is ready if it can load their versions.
 */
export async function modelsFolder(): Promise<string> {
  const { brokers } = await servers.kafka()
  return join(tmpdir(), `weir-models-${brokers[0].replaceAll(/\W/g, '-')}`)
}

/** Returns the card of a model's file, as whoever trains models writes it. */
export function cardOf(file: Buffer): any {
  return {
    name: 'test',
    model: {
      sha256: createHash('sha256').update(file).digest('hex'),
      bytes: file.length,
      input: { name: 'features', type: 'float32', shape: ['rows', WIDTH] },
      output: { name: 'units', type: 'float32', shape: ['rows', 1] },
    },
    predicts: contract.label,
    features: contract.features,
    metrics: { error: 0 },
  }
}

export function writeVersion(
  folder: string,
  endpoint: string,
  version: string,
  file: Buffer,
  card: unknown = cardOf(file),
): void {
  const place = join(folder, endpoint, version)
  mkdirSync(place, { recursive: true })
  tieFolder(join(folder, endpoint))
  writeFileSync(join(place, 'model.onnx'), file)
  writeFileSync(join(place, 'card.json'), JSON.stringify(card))
}

export interface EndpointsClient {
  /** Deletes the endpoints that were created by this client. */
  deleteAll(): Promise<void>
  /** Resolves to the status and the body of an answer of /v1/endpoints/PATH. */
  ask(method: string, path: string, body?: unknown): Promise<{ readonly status: number; readonly body: any }>
  /** Creates an endpoint, or changes its settings. */
  create(endpoint: string, settings?: object): Promise<void>
  register(endpoint: string, version: string): Promise<void>
  /** Shares the requests between variants `v1`, `v2` … of the versions with these weights; shadows get copies. */
  share(
    endpoint: string,
    weights: Readonly<Record<string, number>>,
    shadows?: readonly string[],
  ): Promise<void>
}

export function endpointsClient(url: string): EndpointsClient {
  const created = new Set<string>()
  const ask = async (method: string, path: string, body?: unknown) => {
    const json = { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
    const answer = await fetch(`${url}/v1/endpoints/${path}`, {
      method,
      ...(body === undefined ? {} : json),
    })
    const text = await answer.text()
    return { status: answer.status, body: text === '' ? undefined : JSON.parse(text) }
  }
  const done = async (...request: Parameters<typeof ask>): Promise<void> => {
    const { status, body } = await ask(...request)
    if (status !== 200) throw new Error(`${request.slice(0, 2).join(' ')}: ${JSON.stringify(body)}`)
  }
  return {
    ask,
    // Machines of tests are slow at times.
    create: (endpoint, settings = { timeLimitMs: 10_000, gatherMs: 1 }) => {
      created.add(endpoint)
      return done('PUT', endpoint, { contract, settings })
    },
    async deleteAll() {
      for (const endpoint of created) await ask('DELETE', endpoint)
    },
    register: (endpoint, version) => done('POST', `${endpoint}/versions`, { version }),
    share: (endpoint, weights, shadows = []) =>
      done('PUT', `${endpoint}/variants`, {
        variants: Object.entries(weights).map(([version, weight]) => ({
          name: `v${version}`,
          version,
          weight,
        })),
        shadows: shadows.map((version) => ({ name: `v${version}`, version })),
      }),
  }
}
