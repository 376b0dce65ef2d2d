/**
 * The model of demand: rows per CPU-second, gathered from requests of one row, beside the runtime alone and Python's;
 * and the time of InvokeEndpoint at a steady rate.
 */
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { pythonWith } from '@weir/stack/python.ts'
import type { Context } from '../context.ts'
import { latencyHistogram } from '../histogram.ts'
import { freePort, ready, resultOf, startNode, startProcess } from '../processes.ts'
import type { Figure, Latency } from '../report.ts'

const path = (file: string): string => fileURLToPath(new URL(file, import.meta.url))
const ML = path('../../ml/')
const PREDICTIONS = path('../predictions.ts')
const WARM_UP_SECONDS = 15
const ENDPOINT = 'demand'

export const predict = (seconds: number) => ({
  title: 'Predictions of the model of demand, rows',
  contenders: {
    'Weir endpoint, requests of 1 row gathered': () => ours('gathered', 256, seconds),
    'Weir endpoint, requests of 256 rows': () => ours('endpoint', 256, seconds),
    'onnxruntime-node, 1 row a call': () => ours('direct', 1, seconds),
    'onnxruntime-node, 256 rows a call': () => ours('direct', 256, seconds),
    "Python's onnxruntime, 256 rows a call": () => pythons(256, seconds),
  },
})

export const invoke = (perSecond: number, seconds: number) => ({
  title: `InvokeEndpoint of one row → prediction, ${perSecond.toLocaleString('en')} requests/s`,
  contenders: { 'weir pricing': (context: Context) => invoked(context, perSecond, seconds) },
})

const ours = (KIND: string, batch: number, seconds: number): Promise<Figure> =>
  resultOf((RESULT) =>
    startNode(PREDICTIONS, { KIND, RESULT, BATCH: String(batch), SECONDS: String(seconds) }),
  )

async function pythons(batch: number, seconds: number): Promise<Figure> {
  const python = await pythonWith('ml', join(ML, 'requirements.txt'))
  const model = join(ML, 'models/sneaker-demand/1/model.onnx')
  return resultOf((result) =>
    startProcess(python, [path('../onnx_batches.py'), model, String(batch), String(seconds), result]),
  )
}

async function invoked({ env }: Context, perSecond: number, seconds: number): Promise<Latency> {
  const folder = mkdtempSync(join(tmpdir(), 'weir-bench-models-'))
  cpSync(join(ML, 'models/sneaker-demand/1/card.json'), join(folder, ENDPOINT, '1/card.json'))
  cpSync(join(ML, 'models/sneaker-demand/1/model.onnx'), join(folder, ENDPOINT, '1/model.onnx'))
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const pricing = startNode(path('../../services/pricing/main.ts'), {
    ...env,
    HTTP_PORT: String(port),
    MODELS: folder,
  })
  try {
    await ready(`${url}/readyz`, pricing)
    await serve(url)
    return await measure(`${url}/endpoints/${ENDPOINT}/invocations`, perSecond, seconds)
  } finally {
    await pricing.stop()
    rmSync(folder, { recursive: true })
  }
}

async function serve(url: string): Promise<void> {
  const contract = JSON.parse(readFileSync(join(ML, 'features.json'), 'utf8'))
  const variants = [{ name: 'primary', version: '1', weight: 1 }]
  for (const [method, at, body] of [
    ['PUT', '', { contract }],
    ['POST', '/versions', { version: '1' }],
    ['PUT', '/variants', { variants, shadows: [] }],
  ] as const) {
    const headers = { 'content-type': 'application/json' }
    const answer = await fetch(`${url}/v1/endpoints/${ENDPOINT}${at}`, {
      method,
      headers,
      body: JSON.stringify(body),
    })
    if (!answer.ok) throw new Error(`${method} ${at}: ${await answer.text()}`)
  }
}

async function measure(url: string, perSecond: number, seconds: number): Promise<Latency> {
  const { features } = JSON.parse(readFileSync(join(ML, 'models/sneaker-demand/1/card.json'), 'utf8'))
  const row = features.map(({ trainedMin, trainedMax }: any) => (trainedMin + trainedMax) / 2)
  const body = JSON.stringify({ instances: [{ features: row }] })
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
  const agent = new Agent({ keepAlive: true, maxSockets: 50 })
  const histogram = latencyHistogram()
  const total = perSecond * (WARM_UP_SECONDS + seconds)
  const send = (number: number, due: number): Promise<void> =>
    new Promise((resolve, reject) => {
      const sent = request(url, { agent, method: 'POST', headers }, (response) => {
        response.resume()
        response.once('end', () => {
          if (response.statusCode !== 200) return reject(new Error(`The answer was ${response.statusCode}.`))
          if (number >= WARM_UP_SECONDS * perSecond) histogram.add(performance.now() - due)
          resolve()
        })
      })
      sent.once('error', reject)
      sent.end(body)
    })
  const answers: Promise<void>[] = []
  const started = performance.now()
  // Each request is sent when it is due, whatever the responses do (coordinated omission).
  for (let number = 0; number < total; ) {
    const due = started + (number * 1000) / perSecond
    if (performance.now() < due) await pause(1)
    else answers.push(send(number++, due))
  }
  await Promise.all(answers)
  agent.destroy()
  return histogram.result()
}
