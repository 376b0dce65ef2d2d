/** npm run test:k8s: the chart on the cluster that kubectl reaches: installed, tested, upgraded, rolled back, and its pods deleted while a file is replayed. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Release, expectDone } from './cluster.ts'
import { writeVehicles } from './vehicles.ts'

const release = new Release()
let folder: string | undefined
let rows: number

beforeAll(async () => {
  await Release.requirements()
  folder = await mkdtemp(join(tmpdir(), 'weir-k8s-'))
  rows = await writeVehicles(join(folder, 'vehicles.csv.gz'), 50, 480)
  await release.prepare()
})

afterAll(async () => {
  if (folder === undefined) return
  await release.remove()
  await rm(folder, { recursive: true, force: true })
})

describe('helm install', () => {
  test('is ready within 90 s, in a namespace that enforces `restricted`', async () => {
    const from = Date.now()
    const output = expectDone(await release.install())
    expect(Date.now() - from).toBeLessThan(90_000)
    // The API server warns of each pod that the standard would refuse.
    expect(output).not.toMatch(/warn/i)
    expect(output).toContain('helm test weir')
  })

  test('helm test sends records and finds them in the index', async () => {
    expect(expectDone(await release.helm('test', 'weir', '--logs'))).toContain('found 100 reports, each once')
  })

  test('an upgrade rolls what has changed and nothing else, and a rollback brings back what was', async () => {
    const generation = async (component: string) => expectDone(await release.kubectl('get', `deployment/weir-${component}`, '--output=jsonpath={.metadata.generation}'))
    const before = await generation('indexer')
    expectDone(await release.upgrade('services.ingest-hub.env.LOG_LEVEL=debug'))
    const level = async () => expectDone(await release.kubectl('get', 'deployment/weir-ingest-hub', '--output=jsonpath={.spec.template.spec.containers[0].env[?(@.name=="LOG_LEVEL")].value}'))
    expect(await level()).toBe('debug')
    expect(await generation('indexer')).toBe(before)
    expectDone(await release.helm('rollback', 'weir', '1', '--wait', '--timeout=180s'))
    expect(await level()).toBe('info')
  })

  test('pods that are deleted every 5 s, each server once among them, lose nothing and double nothing', async () => {
    await release.openLoad(join(folder!, 'vehicles.csv.gz'))
    let done = false
    const replay = release.replay('k8s', '4x').finally(() => { done = true })
    const deleting = release.deletePods(['redis', 'search', 'kafka'], 5000, () => done)
    const { code, output } = await replay
    expect(code, output).toBe(0)
    const deleted = await deleting
    expect(deleted).toEqual(expect.arrayContaining(['redis', 'search', 'kafka', 'ingest-hub']))
    expect(deleted.length).toBeGreaterThan(12)
    expect(await release.indexed('replay-k8s', rows, 240_000)).toBe(rows)
    expect(await release.indexed('replay-k8s', rows + 1, 5000)).toBe(rows)
  })

  test('a replay through an upgrade and a rollback loses nothing either', async () => {
    const replay = release.replay('k8s-rolled', '10x')
    expectDone(await release.upgrade('services.ingest-hub.env.LOG_LEVEL=warn', 'services.enricher.env.LOG_LEVEL=warn', 'services.indexer.env.LOG_LEVEL=warn'))
    expectDone(await release.helm('rollback', 'weir', '--wait', '--timeout=180s'))
    const { code, output } = await replay
    expect(code, output).toBe(0)
    expect(await release.indexed('replay-k8s-rolled', rows)).toBe(rows)
    expect(await release.indexed('replay-k8s-rolled', rows + 1, 5000)).toBe(rows)
  })
})

describe('what is wrong is said in one sentence', () => {
  test('wrong brokers: the hook ends, and nothing is installed', async () => {
    const { code } = await release.upgrade('externalKafka.brokers=nowhere.invalid:9092', 'apply.waitSeconds=5')
    expect(code).not.toBe(0)
    expect(await release.logs('apply')).toContain('check that a broker listens at KAFKA_BROKERS')
    expect(expectDone(await release.kubectl('get', 'deployment/weir-enricher', '--output=jsonpath={.spec.template.spec.containers[0].env[?(@.name=="KAFKA_BROKERS")].value}'))).toBe('weir-kafka:9092')
  })

  test('the registry is down: the hook says so', async () => {
    expectDone(await release.kubectl('scale', 'deployment/weir-registry', '--replicas=0'))
    const { code } = await release.upgrade('apply.waitSeconds=5')
    expect(code).not.toBe(0)
    expect(await release.logs('apply')).toContain('waiting for the schema registry')
    expectDone(await release.kubectl('scale', 'deployment/weir-registry', '--replicas=1'))
    expectDone(await release.kubectl('rollout', 'status', 'deployment/weir-registry', '--timeout=120s'))
  })

  test('a topic with fewer partitions than the table says', async () => {
    expectDone(await release.kubectl('exec', 'weir-kafka-0', '--', 'sh', '-c',
      'export KAFKA_HEAP_OPTS=-Xmx128m; T=/opt/kafka/bin/kafka-topics.sh; B="--bootstrap-server weir-kafka:9092"; $T $B --delete --topic taxi.telemetry.late; sleep 2; $T $B --create --topic taxi.telemetry.late --partitions 1'))
    const { code } = await release.upgrade()
    expect(code).not.toBe(0)
    expect(await release.logs('apply')).toMatch(/taxi\.telemetry\.late has 1 partitions?/)
  })
})
