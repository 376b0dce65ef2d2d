// helm test: sends reports to the hub and waits until the search engine has each of them once.
import { readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'

const { HUB_URL, SEARCH_URL, SEARCH_USERNAME_FILE, SEARCH_PASSWORD_FILE } = process.env
const COUNT = 100
const PATIENCE_MS = 60_000
const run = `helm-test-${Date.now()}`
const read = (file) => readFileSync(file, 'utf8').trim()
const key = read('/etc/weir/caller/api-key')

const now = Date.now()
const lines = Array.from({ length: COUNT }, (_, i) =>
  JSON.stringify({
    id: `${run}-${i}`,
    value: { deviceId: run, position: { lat: 37.97, lon: 23.73 }, speed: i % 50, eventTime: now - COUNT + i },
  }),
)
const sent = await fetch(`${HUB_URL}/v1/topics/taxi.telemetry/records`, {
  method: 'POST',
  body: `{"records":[${lines.join()}]}`,
  headers: { 'content-type': 'application/json', authorization: `Bearer ${key}`, 'weir-source': run },
})
if (sent.status !== 200)
  throw new Error(`The hub answered ${sent.status}: ${(await sent.text()).slice(0, 500)}`)
console.log(`sent ${COUNT} reports as ${run}`)

const headers = { 'content-type': 'application/json' }
if (SEARCH_USERNAME_FILE)
  headers.authorization = `Basic ${btoa(`${read(SEARCH_USERNAME_FILE)}:${read(SEARCH_PASSWORD_FILE)}`)}`
const count = async () => {
  const answer = await fetch(`${SEARCH_URL.split(',')[0]}/taxi-enriched-*/_count`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ query: { term: { deviceId: run } } }),
  })
  if (!answer.ok) throw new Error(`The search engine answered ${answer.status}.`)
  return (await answer.json()).count
}
let found = 0
for (const end = Date.now() + PATIENCE_MS; found < COUNT && Date.now() < end; await pause(500))
  found = await count().catch(() => found)
await pause(2000)
found = await count()
if (found !== COUNT)
  throw new Error(
    `${found} of ${COUNT} reports are in the index after ${PATIENCE_MS / 1000} s; look at the lag with weir lag, and at the logs of the enricher and the indexer.`,
  )
console.log(`found ${found} reports, each once`)
