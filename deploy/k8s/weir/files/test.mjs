// helm test: sends records of each solution that has a probe to the hub, and waits until the search engine has
// each of them once.
import { readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'

const { HUB_URL, SEARCH_URL, SEARCH_USERNAME_FILE, SEARCH_PASSWORD_FILE } = process.env
const COUNT = 100
const PATIENCE_MS = 60_000
const run = `helm-test-${Date.now()}`
const read = (file) => readFileSync(file, 'utf8').trim()
const key = read('/etc/weir/caller/api-key')
const probes = JSON.parse(read(new URL('probes.json', import.meta.url)))

const headers = { 'content-type': 'application/json' }
if (SEARCH_USERNAME_FILE)
  headers.authorization = `Basic ${btoa(`${read(SEARCH_USERNAME_FILE)}:${read(SEARCH_PASSWORD_FILE)}`)}`

async function send({ solution, topic, value, runField, timeField }) {
  const now = Date.now()
  const lines = Array.from({ length: COUNT }, (_, i) =>
    JSON.stringify({
      id: `${run}-${i}`,
      value: { ...value, [runField]: run, [timeField]: now - COUNT + i },
    }),
  )
  const sent = await fetch(`${HUB_URL}/v1/topics/${topic}/records`, {
    method: 'POST',
    body: `{"records":[${lines.join()}]}`,
    headers: { 'content-type': 'application/json', authorization: `Bearer ${key}`, 'weir-source': run },
  })
  if (sent.status !== 200)
    throw new Error(`The hub answered ${sent.status}: ${(await sent.text()).slice(0, 500)}`)
  console.log(`sent ${COUNT} records of ${solution} as ${run}`)
}

async function count({ indices, runField }) {
  const answer = await fetch(`${SEARCH_URL.split(',')[0]}/${indices}/_count`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ query: { term: { [runField]: run } } }),
  })
  if (!answer.ok) throw new Error(`The search engine answered ${answer.status}.`)
  return (await answer.json()).count
}

for (const probe of probes) {
  await send(probe)
  let found = 0
  for (const end = Date.now() + PATIENCE_MS; found < COUNT && Date.now() < end; await pause(500))
    found = await count(probe).catch(() => found)
  await pause(2000)
  found = await count(probe)
  if (found !== COUNT)
    throw new Error(
      `${found} of ${COUNT} records of ${probe.solution} are in the index after ${PATIENCE_MS / 1000} s; check the lag with weir lag, and the logs of the enricher and the indexer.`,
    )
  console.log(`found ${found} records of ${probe.solution}, each once`)
}
