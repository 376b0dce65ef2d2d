/** The committed model, run on this machine. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { FEATURES } from '@weir/solutions/sneaker-pricing/features.ts'
import { InferenceSession, Tensor } from 'onnxruntime-node'

const folder = join(import.meta.dirname, '../models/sneaker-demand/1')
/** Larger batches are not faster. */
const BATCH_ROWS = 64
const VERSION_CHARACTERS = 12

export interface Predictor {
  readonly name: string
  /** The beginning of the model's hash. */
  readonly version: string
  /** Resolves with the pairs of the next hour for each row of features. */
  predict(rows: readonly (readonly number[])[]): Promise<number[]>
}

export async function openPredictor(): Promise<Predictor> {
  const { name, model } = JSON.parse(readFileSync(join(folder, 'card.json'), 'utf8'))
  const session = await InferenceSession.create(join(folder, model.file), {
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
  })
  return {
    name,
    version: model.sha256.slice(0, VERSION_CHARACTERS),
    async predict(rows) {
      const found: number[] = []
      for (let from = 0; from < rows.length; from += BATCH_ROWS) {
        const batch = rows.slice(from, from + BATCH_ROWS)
        const features = new Tensor('float32', Float32Array.from(batch.flat()), [
          batch.length,
          FEATURES.length,
        ])
        const { units } = await session.run({ features })
        found.push(...(units.data as Float32Array))
      }
      return found
    },
  }
}
