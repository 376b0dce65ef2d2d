/**
 * Predictions of the model of demand as a process to measure. KIND says which: `gathered` is an endpoint that gets
 * requests of one row each from CALLERS at once; `endpoint` gets requests of a whole batch; `direct` is the runtime
 * alone, called in this process with BATCH rows at a time. The figures go to the file RESULT.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { contractOf, type FileOfModel, readCard } from '@weir/pricing/models/card.ts'
import { Endpoint } from '@weir/pricing/models/endpoint.ts'
import { Model } from '@weir/pricing/models/model.ts'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { cpuOf } from './processes.ts'

const { KIND = 'gathered', RESULT = '', BATCH = '256', CALLERS = '1024', SECONDS = '5' } = process.env
const ML = new URL('../ml/models/sneaker-demand/1/', import.meta.url)
const card = readCard(readFileSync(new URL('card.json', ML)))
const { name, features } = card
const file = card.source as FileOfModel
const width = features.length
const batch = Number(BATCH)
const forMs = Number(SECONDS) * 1000

/** Rows like those that the model was trained on, each another. */
const rows = Float32Array.from({ length: batch * width }, (_, i) => {
  const { min, max } = features[i % width]
  return min + Math.min(max - min, 10) * ((i * 0.618) % 1)
})

async function endpoint(callers: number, perCall: Float32Array): Promise<void> {
  const log = { warn: console.error }
  const model = await Model.open({
    name,
    file,
    features,
    read: () => readFile(new URL('model.onnx', ML)),
    log,
  })
  const endpoint = new Endpoint('demand')
  const variants = [{ name: 'primary', version: '1', weight: 1, model }]
  await endpoint.replace({ contract: contractOf(card), limitMs: 10_000, gatherMs: 1, variants, shadows: [] })
  const calling = async (until: number): Promise<number> => {
    let count = 0
    for (; performance.now() < until; count++) await endpoint.predict(perCall)
    return count
  }
  const all = async (ms: number): Promise<number> => {
    const until = performance.now() + ms
    const counts = await Promise.all(Array.from({ length: callers }, () => calling(until)))
    return counts.reduce((sum, count) => sum + count, 0)
  }
  await all(forMs / 2)
  begin()
  const calls = await all(forMs)
  finish(calls * (perCall.length / width))
  model.stop()
}

async function direct(): Promise<void> {
  const session = await InferenceSession.create(readFileSync(new URL('model.onnx', ML)), {
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    executionMode: 'sequential',
  })
  const run = async (ms: number): Promise<number> => {
    let calls = 0
    for (const until = performance.now() + ms; performance.now() < until; calls++) {
      const tensor = new Tensor('float32', rows, [batch, width])
      await session.run({ [file.input.name]: tensor })
    }
    return calls
  }
  await run(forMs / 2)
  begin()
  finish((await run(forMs)) * batch)
}

/** The CPU-seconds of this process and of those that it started. */
function cpuSeconds(): number {
  const { pid } = process
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean)
  return [pid, ...children.map(Number)].reduce((sum, one) => sum + cpuOf(one), 0)
}

let [cpu, from] = [0, 0]
function begin(): void {
  cpu = cpuSeconds()
  from = performance.now()
}

function finish(count: number): void {
  const figure = {
    perCpuSecond: count / (cpuSeconds() - cpu),
    perSecond: (count * 1000) / (performance.now() - from),
  }
  writeFileSync(RESULT, JSON.stringify(figure))
}

if (KIND === 'gathered') await endpoint(Number(CALLERS), rows.subarray(0, width))
else if (KIND === 'endpoint') await endpoint(2, rows)
else await direct()
