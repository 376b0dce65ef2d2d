/**
 * Measures the time from a signup's request to the offers in its response, at a steady rate: HTTP → stream →
 * function → topic, exactly once → the waiting request.
 */
import { Agent, request } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { areas } from '@weir/solutions/location-offers/areas.ts'
import type { Context } from '../context.ts'
import { latencyHistogram } from '../histogram.ts'
import { freePort, ready, startNode } from '../processes.ts'
import type { Latency } from '../report.ts'

/** The time that a newly started broker needs, on a slow machine, to compile its hot code. */
const WARM_UP_SECONDS = 60

export const offers = (perSecond: number, seconds: number) => ({
  title: `Signup → offers back at the application, ${perSecond.toLocaleString('en')} requests/s`,
  contenders: { 'weir (exactly once)': (context: Context) => measure(context, perSecond, seconds) },
})

async function measure({ env }: Context, perSecond: number, seconds: number): Promise<Latency> {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const enricher = startNode(fileURLToPath(new URL('../../services/enricher/main.ts', import.meta.url)), {
    ...env,
    HTTP_PORT: String(port),
    WEIR_SOLUTIONS: 'location-offers',
  })
  const histogram = latencyHistogram()
  const agent = new Agent({ keepAlive: true })
  try {
    await ready(`${url}/readyz`, enricher)
    for (const [id, area] of Object.entries(areas))
      await fetch(`${url}/v1/reference/areas/${id}`, {
        method: 'PUT',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(area),
      })
    await pause(1500)
    const places = Object.values(areas)
    const signUp = (number: number, due: number): Promise<void> =>
      new Promise((resolve, reject) => {
        const { lat, lon } = places[number % places.length]
        const body = JSON.stringify({ userId: `user-${number}`, position: { lat, lon } })
        const sent = request(
          `${url}/v1/signups?wait=10s`,
          {
            agent,
            method: 'POST',
            headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
          },
          (response) => {
            response.resume()
            response.once('end', () => {
              if (response.statusCode !== 200)
                return reject(new Error(`The signup was answered with ${response.statusCode}.`))
              if (number >= WARM_UP_SECONDS * perSecond) histogram.add(performance.now() - due)
              resolve()
            })
          },
        )
        sent.once('error', reject)
        sent.end(body)
      })
    const total = perSecond * (WARM_UP_SECONDS + seconds)
    const answers: Promise<void>[] = []
    const started = performance.now()
    // Each request is sent when it is due, whatever the responses do: a slow response must not thin out the
    // load (coordinated omission).
    for (let number = 0; number < total; ) {
      const due = started + (number * 1000) / perSecond
      if (performance.now() < due) await pause(1)
      else answers.push(signUp(number++, due))
    }
    await Promise.all(answers)
    return histogram.result()
  } finally {
    agent.destroy()
    await enricher.stop()
  }
}
