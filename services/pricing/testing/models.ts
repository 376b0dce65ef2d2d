/** Versions of models in a folder, and the endpoints of a service under test. */
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { tieFolder } from '@weir/stack/lifeline.ts'

const ML = new URL('../../../ml/', import.meta.url)

export const contract = JSON.parse(readFileSync(new URL('features.json', ML), 'utf8'))
const card = JSON.parse(readFileSync(new URL('model/card.json', ML), 'utf8'))
const demand = readFileSync(new URL('model/demand.onnx', ML))

/** A row in the middle of what the model was trained on. */
export const ROW: readonly number[] = card.features.map(
  ({ trainedMin, trainedMax }: { trainedMin: number; trainedMax: number }) => (trainedMin + trainedMax) / 2,
)

export interface VersionChange {
  readonly file?: (file: Buffer) => Buffer
  readonly card?: (card: any) => any
}

/** Returns a folder for models, which is removed with this process. */
export function modelsFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'weir-models-'))
  tieFolder(folder)
  return folder
}

/** Writes a version of the model of demand. The card has the hash of the file, unless `change.card` says otherwise. */
export function writeVersion(
  folder: string,
  endpoint: string,
  version: string,
  { file: changeFile = (file) => file, card: changeCard = (same) => same }: VersionChange = {},
): void {
  const file = changeFile(Buffer.from(demand))
  const sha256 = createHash('sha256').update(file).digest('hex')
  const own = { ...structuredClone(card), model: { ...card.model, sha256, bytes: file.length } }
  const place = join(folder, endpoint, version)
  mkdirSync(place, { recursive: true })
  writeFileSync(join(place, 'model.onnx'), file)
  writeFileSync(join(place, 'card.json'), JSON.stringify(changeCard(own)))
}

export interface EndpointsClient {
  /** Resolves to the status and the body of an answer of /v1/endpoints/PATH. */
  ask(method: string, path: string, body?: unknown): Promise<{ readonly status: number; readonly body: any }>
  /** Creates an endpoint that serves the version. */
  serve(endpoint: string, version: string, settings?: object): Promise<void>
}

export function endpointsClient(url: string): EndpointsClient {
  const ask = async (method: string, path: string, body?: unknown) => {
    const answer = await fetch(`${url}/v1/endpoints/${path}`, {
      method,
      ...(body !== undefined && {
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      }),
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
    async serve(endpoint, version, settings) {
      await done('PUT', endpoint, { contract, settings })
      await done('POST', `${endpoint}/versions`, { version })
      await done('PUT', `${endpoint}/variants`, {
        variants: [{ name: 'primary', version, weight: 1 }],
        shadows: [],
      })
    },
  }
}
