/** Detectors alone, without Kafka: readings per CPU-second, beside AWS's library for the forest. */
import { fileURLToPath } from 'node:url'
import { Random } from '@weir/alerter/detectors/forest/random.ts'
import { forestOracle } from '@weir/alerter/detectors/testing/forest-oracle.ts'
import { resultOf, startNode } from '../processes.ts'
import type { Figure } from '../report.ts'

const file = fileURLToPath(new URL('../detectors.ts', import.meta.url))
/** The baseline is that much faster than the forest. */
const BASELINE_TIMES = 20

/** A temperature that swings slowly, with noise: the same for all contenders. */
export function readings(count: number): Float64Array {
  const random = new Random(1)
  return Float64Array.from({ length: count }, (_, i) => 80 + 5 * Math.sin(i / 500) + random.next())
}

export const detect = (count: number) => ({
  title: 'Detectors, a reading scored and learned',
  contenders: {
    'Weir forest, 50 trees of 256, shingle 8': () => detected('forest', count),
    "AWS's library in Java, the same forest": () => library(count),
    'Weir detector random-cut-forest, values': () => detected('detector', count),
    'Weir detector robust-baseline, 120 readings': () => detected('robust', count * BASELINE_TIMES),
  },
})

const detected = (KIND: string, count: number): Promise<Figure> =>
  resultOf((RESULT) => startNode(file, { KIND, RESULT, READINGS: String(count) }))

/** The time of scores and updates in the thread that calls them, without the start of the virtual machine. */
async function library(count: number): Promise<Figure> {
  const options = { trees: 50, sampleSize: 256, shingle: 8, timeDecay: 2560, seed: 1, attributesEvery: 0 }
  const { cpuSeconds } = await forestOracle(readings(count), options)
  return { perCpuSecond: count / cpuSeconds, perSecond: count / cpuSeconds }
}
