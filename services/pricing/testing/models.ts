/** Versions of models in a folder, and the endpoints of a service under test. */
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { tieFolder } from '@weir/stack/lifeline.ts'
import type { Contract } from '../models/features.ts'

const range = { type: 'float32', unit: 'none', min: -1000, max: 1000 } as const

/** The contract of the models of onnx.ts with three features. */
export const contract: Contract = {
  features: ['first', 'second', 'third'].map((name) => ({ name, ...range })),
  label: { name: 'units', type: 'float32', unit: 'none' },
}
export const WIDTH = contract.features.length

/** Returns a folder for models, which is removed with this process. */
export function modelsFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'weir-models-'))
  tieFolder(folder)
  return folder
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
  writeFileSync(join(place, 'model.onnx'), file)
  writeFileSync(join(place, 'card.json'), JSON.stringify(card))
}

export interface EndpointsClient {
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
    create: (endpoint, settings) => done('PUT', endpoint, { contract, settings }),
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
