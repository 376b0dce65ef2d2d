/**
 * Measures the time from the reading that completes ten seconds of deviation until the alert is at a subscriber over
 * HTTP: hub → detection, exactly once → function → SNS → subscriber. Each truck deviates once.
 */
import { Agent } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { cargoClasses } from '@weir/solutions/fleet-anomalies/cargo-classes.ts'
import type { Context } from '../context.ts'
import { latencyHistogram } from '../histogram.ts'
import { postJson } from '../load/post-json.ts'
import { openSns } from '../load/sns.ts'
import { freePort, ready, startNode } from '../processes.ts'
import type { Latency } from '../report.ts'

const EVERY_MS = 100
/** The trucks of the round before have fallen silent, and the alerts about that are sent. */
const WARM_UP_SECONDS = 50
/** How long a temperature must deviate before that is a finding. */
const DURATION_MS = 10_000
const service = (name: string) => fileURLToPath(new URL(`../../services/${name}/main.ts`, import.meta.url))

/** @param seconds in which the trucks begin to deviate, one after the other */
export const alerts = (trucks: number, seconds: number) => ({
  title: `Ten seconds of deviation → alert over HTTP, ${trucks} trucks at 10 readings/s each`,
  contenders: { weir: (context: Context) => measure(context, trucks, seconds) },
})

async function measure({ env }: Context, trucks: number, seconds: number): Promise<Latency> {
  const [hubPort, alerterPort, enricherPort] = [await freePort(), await freePort(), await freePort()]
  const urlOf = (port: number): string => `http://127.0.0.1:${port}`
  const common = { ...env, WEIR_SOLUTIONS: 'fleet-anomalies', EGRESS_ALLOW: '127.0.0.0/8' }
  const hub = startNode(service('ingest-hub'), { ...common, HTTP_PORT: String(hubPort) })
  const alerter = startNode(service('alerter'), { ...common, HTTP_PORT: String(alerterPort) })
  await ready(`${urlOf(alerterPort)}/readyz`, alerter)
  const enricher = startNode(service('enricher'), {
    ...common,
    HTTP_PORT: String(enricherPort),
    ALERTER_URL: urlOf(alerterPort),
  })
  const sns = openSns(urlOf(alerterPort), alerter)
  const agent = new Agent({ keepAlive: true })
  try {
    await ready(`${urlOf(hubPort)}/readyz`, hub)
    await ready(`${urlOf(enricherPort)}/readyz`, enricher)
    for (const [id, entry] of Object.entries(cargoClasses))
      await fetch(`${urlOf(enricherPort)}/v1/reference/cargo-classes/${id}`, {
        method: 'PUT',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(entry),
      })
    const run = `bench-${Date.now()}-`
    const began = Date.now() + WARM_UP_SECONDS * 1000
    const deviatesAt = (truck: number): number => began + Math.floor((truck * seconds * 1000) / trucks)
    const histogram = latencyHistogram()
    const alerted = new Set<string>()
    await sns.subscribe(await sns.create('fleet-drivers'), ({ Message, MessageAttributes }) => {
      const truck: string = MessageAttributes.truck.Value
      if (!truck.startsWith(run) || !/container was outside/.test(Message) || alerted.has(truck)) return
      alerted.add(truck)
      const number = Number(truck.slice(run.length))
      // The first reading that deviates is the next one that is sent.
      const first = Math.ceil(deviatesAt(number) / EVERY_MS) * EVERY_MS
      histogram.add(Date.now() - first - DURATION_MS)
    })
    const value = (truck: number, at: number): object => ({
      truckId: `${run}${truck}`,
      cargoClass: 'chemicals',
      position: { lat: 51, lon: 4 },
      speed: 80,
      load: 0.5,
      engineTemperature: 90 + (at % 7) / 10,
      containerTemperature: (at >= deviatesAt(truck) ? 40 : 15) + (at % 7) / 10,
      ambientTemperature: 15,
      eventTime: at,
    })
    const answers: Promise<unknown>[] = []
    const end = began + seconds * 1000 + DURATION_MS + 5000
    for (let at = Math.ceil(Date.now() / EVERY_MS) * EVERY_MS; at < end; at += EVERY_MS) {
      // Readings are sent when they are due, whatever the answers do (coordinated omission).
      await pause(Math.max(0, at - Date.now()))
      const records = Array.from({ length: trucks }, (_, truck) => ({ value: value(truck, at) }))
      answers.push(
        postJson(
          `${urlOf(hubPort)}/v1/topics/fleet.readings/records`,
          agent,
          Buffer.from(JSON.stringify({ records })),
        ),
      )
    }
    await Promise.all(answers)
    for (let waited = 0; alerted.size < trucks && waited < 30_000; waited += 100) await pause(100)
    if (alerted.size < trucks) throw new Error(`${alerted.size} of ${trucks} alerts arrived.`)
    return histogram.result()
  } finally {
    agent.destroy()
    await enricher.stop()
    await sns.stop()
    await hub.stop()
  }
}
