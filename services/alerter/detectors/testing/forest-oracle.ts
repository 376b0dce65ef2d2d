/** AWS's Random Cut Forest library as a child process: what the own forest is compared with. */
import { execFile } from 'node:child_process'
import { renameSync } from 'node:fs'
import { join } from 'node:path'
import { findJava } from '@weir/stack/java.ts'
import { cached, downloadLibraries } from '@weir/stack/maven.ts'

const VERSION = '4.3.0'

export interface OracleOptions {
  readonly trees: number
  readonly sampleSize: number
  readonly shingle: number
  /** 1 / λ, in readings. */
  readonly timeDecay: number
  readonly seed: number
  /** Every n-th reading gets an attribution; 0 for none. */
  readonly attributesEvery: number
}

export interface OracleResult {
  readonly scores: Float64Array
  /** Per reading and dimension: high and low, in turn. Empty for readings without an attribution. */
  readonly attributions: readonly Float64Array[]
  /** CPU time of scores and updates, without the JVM's start. */
  readonly cpuSeconds: number
}

export async function forestOracle(
  values: Float64Array,
  { trees, sampleSize, shingle, timeDecay, seed, attributesEvery }: OracleOptions,
): Promise<OracleResult> {
  const folder = await cached(`random-cut-forest-${VERSION}`, async (into, scratch) => {
    const library = `software.amazon.randomcutforest:randomcutforest-core:${VERSION}`
    await downloadLibraries({ forest: [library] }, scratch)
    renameSync(join(scratch, 'forest/libs'), join(into, 'libs'))
  })
  const args = ['-Xmx512m', '-XX:+UseSerialGC', '-cp', `${folder}/libs/*`]
  const options = [trees, sampleSize, shingle, timeDecay, seed, attributesEvery].map(String)
  const text = await new Promise<string>((done, fail) => {
    const child = execFile(
      findJava().command,
      [...args, join(import.meta.dirname, 'ForestOracle.java'), ...options],
      { maxBuffer: 1 << 28 },
      (error, output) => (error === null ? done(output) : fail(error)),
    )
    child.stdin!.end(values.join('\n'))
  })
  const lines = text.trimEnd().split('\n')
  const cpuSeconds = Number(lines.pop()) / 1e9
  const rows = lines.map((line) => Float64Array.from(line.split(' '), Number))
  return {
    scores: Float64Array.from(rows, ([score]) => score!),
    attributions: rows.map((row) => row.subarray(1)),
    cpuSeconds,
  }
}
