/**
 * npm run test:chart: tests the rendered chart, without a cluster. Fetches and builds Helm and the checkers
 * once. `-u` rewrites the golden renderings.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ConfigReader } from '@weir/config'
import { PRINCIPALS } from '@weir/contracts/rights.ts'
import { furtherPorts, SERVICES, services, urlVariable } from '@weir/contracts/services.ts'
import { topics } from '@weir/solutions'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { type ChartTools, chart, chartTools, KUBERNETES, type Outcome } from './chart/helm.ts'
import { flowsOf, type Manifest, manifestsOf, podsOf } from './chart/manifests.ts'

/** API groups that Kubernetes' own schemas do not describe. */
const CUSTOM = ['keda.sh/v1alpha1', 'monitoring.coreos.com/v1', 'gateway.networking.k8s.io/v1']
/** The value files of each rendering, by the name of its golden file. */
const RENDERINGS: Readonly<Record<string, readonly string[]>> = {
  ...Object.fromEntries(
    readdirSync(join(chart, 'ci')).map((file) => [file.replace('-values.yaml', ''), [`ci/${file}`]]),
  ),
  msk: ['values-msk.yaml'],
  'msk-eks': ['values-msk.yaml', 'values-eks.yaml'],
}

let tools: ChartTools
let folder: string

beforeAll(async () => {
  ;[tools, folder] = await Promise.all([chartTools(), mkdtemp(join(tmpdir(), 'weir-chart-'))])
}, 900_000)

afterAll(() => rm(folder, { recursive: true, force: true }))

const filesOf = (files: readonly string[]): string[] =>
  files.flatMap((file) => ['--values', join(chart, file)])
const render = (files: readonly string[], ...args: string[]): Promise<Outcome> =>
  tools.helm(
    'template',
    'weir',
    chart,
    '--namespace',
    'streaming',
    ...CUSTOM.flatMap((api) => ['--api-versions', api]),
    ...filesOf(files),
    ...args,
  )

async function rendered(files: readonly string[], ...args: string[]): Promise<Manifest[]> {
  const { code, stdout, output } = await render(files, ...args)
  expect(code, output).toBe(0)
  return manifestsOf(stdout)
}

test('the tests of helm-unittest pass', async () => {
  const { code, output } = await tools.unittest(chart)
  expect(code, output).toBe(0)
  expect(Number(/Tests:\s+(\d+) passed/.exec(output)?.[1])).toBeGreaterThan(40)
})

test('the chart without value files passes helm lint --strict', async () => {
  const { code, output } = await tools.helm('lint', '--strict', chart)
  expect(code, output).toBe(0)
})

describe.each(Object.entries(RENDERINGS))('the chart with the values of %s', (name, files) => {
  test('passes helm lint --strict', async () => {
    const { code, output } = await tools.helm('lint', '--strict', chart, ...filesOf(files))
    expect(code, output).toBe(0)
  })

  test('renders the same as its golden file', async () => {
    const { code, output, stdout } = await render(files)
    expect(code, output).toBe(0)
    await expect(stdout).toMatchFileSnapshot(`golden/${name}.yaml`)
  })

  test('passes the validation of the Kubernetes API schemas', async () => {
    const own = (await rendered(files)).filter(({ apiVersion }) => !CUSTOM.includes(apiVersion))
    const paths = await Promise.all(
      own.map(async (manifest, at) => {
        const path = join(folder, `${name}-${at}.json`)
        await writeFile(path, JSON.stringify(manifest))
        return path
      }),
    )
    const { code, output } = await tools.validate('--kubernetes-version', KUBERNETES, '--strict', ...paths)
    expect(code, output).toBe(0)
    expect(output.match(/ passed for resource /g)).toHaveLength(own.length)
  })

  test('gives every pod the restricted security standard, no token and a memory limit', async () => {
    const pods = podsOf(await rendered(files))
    expect(pods.length).toBeGreaterThan(4)
    for (const { owner, spec } of pods) {
      expect(spec, owner).toMatchObject({
        automountServiceAccountToken: false,
        enableServiceLinks: false,
        securityContext: {
          runAsNonRoot: true,
          runAsUser: expect.any(Number),
          seccompProfile: { type: 'RuntimeDefault' },
        },
      })
      for (const container of [...(spec.initContainers ?? []), ...spec.containers]) {
        expect(container.securityContext, `${owner} ${container.name}`).toEqual({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        })
        expect(container.resources.limits.memory, `${owner} ${container.name}`).toBeDefined()
        for (const { name: variable, valueFrom } of container.env ?? [])
          expect(valueFrom?.secretKeyRef, `${owner} ${variable}`).toBeUndefined()
      }
      for (const volume of spec.volumes ?? []) expect(volume.hostPath, owner).toBeUndefined()
    }
  })

  test('puts every pod under the denying network policy and under one of its own', async () => {
    const manifests = await rendered(files)
    const policies = manifests.filter(({ kind }) => kind === 'NetworkPolicy')
    const selects = (policy: Manifest, labels: Readonly<Record<string, string>>): boolean =>
      Object.entries(policy.spec.podSelector.matchLabels as Record<string, string>).every(
        ([key, value]) => labels[key] === value,
      )
    for (const { owner, labels } of podsOf(manifests)) {
      const names = policies.filter((policy) => selects(policy, labels)).map(({ metadata }) => metadata.name)
      expect(names, owner).toContain('weir-deny')
      expect(names.length, owner).toBeGreaterThan(1)
    }
    expect(flowsOf(manifests).filter((flow) => flow.includes('(not'))).toEqual([])
  })
})

describe('the network flows of a rendered release', () => {
  const settings = async (service: string): Promise<string[]> => {
    const reader = new ConfigReader({})
    const { config } = await import(`../../services/${service}/config.ts`)
    config(reader)
    return reader.settings.map(({ name }) => name)
  }

  test("are those that the table of topics and the services' settings imply, and no others", async () => {
    const expected = new Set<string>()
    const flow = (from: string, to: string): void => {
      expected.add(`${from} → ${to}`)
    }
    for (const topic of Object.values(topics)) {
      for (const service of [...topic.writers, ...topic.readers]) {
        flow(service, 'kafka:9092')
        flow(service, 'registry:8080')
      }
    }
    for (const service of SERVICES) {
      const asked = await settings(service)
      if (asked.includes('REDIS_URL')) flow(service, 'redis:6379')
      if (asked.includes('SEARCH_URL')) flow(service, 'search:9200')
      for (const other of SERVICES.filter((name) => name !== service))
        if (asked.includes(urlVariable(other))) flow(service, `${other}:${services[other].port}`)
      // Delivery streams have endpoints with https only.
      if (asked.includes('EGRESS_ALLOW') && !asked.includes('DELIVERY_DIR'))
        for (const to of ['0.0.0.0/0', '::/0']) for (const port of [80, 443]) flow(service, `${to}:${port}`)
      // Objects of delivery streams, in S3, and their endpoints.
      if (asked.includes('DELIVERY_DIR')) for (const to of ['0.0.0.0/0', '::/0']) flow(service, `${to}:443`)
      flow('*', `${service}:${services[service].port}`)
      for (const { port, tls } of furtherPorts(service)) if (!tls) flow('*', `${service}:${port}`)
      // Prometheus reads metrics at this port. networkPolicies.from narrows both ports.
      flow('*', `${service}:9464`)
    }
    // The job, the simulator, the test, and the registry that keeps its schemas in Kafka.
    for (const [from, to] of [
      ['apply', 'kafka:9092'],
      ['apply', 'registry:8080'],
      ['simulator', 'ingest-hub:8080'],
      ['simulator', 'enricher:8081'],
      ['test', 'ingest-hub:8080'],
      ['test', 'search:9200'],
      ['registry', 'kafka:9092'],
    ])
      flow(from, to)
    const manifests = await rendered(['ci/trial-values.yaml'])
    for (const component of [...SERVICES, 'simulator', 'apply', 'test', 'registry'])
      flow(component, 'kube-system:53')
    expect(flowsOf(manifests)).toEqual([...expected].toSorted())
  })

  test("go outside only to the servers' ports and to the configured addresses", async () => {
    expect(
      flowsOf(await rendered(['values-msk.yaml'])).filter((flow) => flow.startsWith('enricher')),
    ).toEqual([
      'enricher → *:443',
      'enricher → *:6443',
      'enricher → 10.0.0.0/16:6379',
      'enricher → 10.0.0.0/16:9098',
      'enricher → 169.254.170.23/32:80',
      'enricher → alerter:8083',
      'enricher → kube-system:53',
      'enricher → pricing:8082',
    ])
  })
})

test('a changed solution file, service setting or list of solutions rolls the pods, and nothing else does', async () => {
  const checksum = async (...args: string[]): Promise<string> => {
    const manifests = await rendered(['ci/trial-values.yaml'], ...args)
    return manifests.find(({ kind, metadata }) => kind === 'Deployment' && metadata.name === 'weir-enricher')!
      .spec.template.metadata.annotations['checksum/files']
  }
  const sums = await Promise.all(
    [
      [],
      ['--set-string', 'solutionFiles.taxi-telemetry.zones\\.ts=a'],
      ['--set-string', 'solutionFiles.taxi-telemetry.zones\\.ts=b'],
      ['--set-string', 'services.enricher.config.a=b'],
      ['--set', 'solutions={taxi-telemetry}'],
    ].map((args) => checksum(...args)),
  )
  expect(new Set(sums).size).toBe(sums.length)
  expect(await checksum('--set', 'apply.waitSeconds=10')).toBe(sums[0])
})

test('a trial runs every service, every server, the job and the test of the release', async () => {
  expect(
    podsOf(await rendered(['ci/trial-values.yaml']))
      .map(({ owner }) => owner)
      .toSorted(),
  ).toEqual([
    ...[...SERVICES, 'registry', 'simulator'].map((name) => `Deployment/weir-${name}`).toSorted(),
    'Job/weir-apply-1',
    'Pod/weir-test',
    'StatefulSet/weir-kafka',
    'StatefulSet/weir-redis',
    'StatefulSet/weir-search',
  ])
})

test("each service with a Kafka user of its own has one of the table's users, with a password of its own", async () => {
  const users = podsOf(await rendered(['ci/scram-values.yaml'])).flatMap(({ spec }) => {
    const user = spec.containers[0].env.find(
      ({ name }: { name: string }) => name === 'KAFKA_SASL_USERNAME',
    )?.value
    const entry = spec.volumes.find(({ name }: { name: string }) => name === 'kafka-sasl')?.secret.items[0]
      .key
    expect(entry).toBe(user)
    return user ?? []
  })
  expect(users.toSorted()).toEqual(PRINCIPALS.filter((principal) => principal !== 'registry').toSorted())
})

test('the job gives topics three replicas if the brokers are external', async () => {
  const job = (await rendered(['values-msk.yaml'])).find(({ kind }) => kind === 'Job')!
  const { env } = job.spec.template.spec.containers[0]
  expect(env).toContainEqual({ name: 'TOPIC_REPLICAS', value: '3' })
})

test('every alert and dashboard of the chart is rendered', async () => {
  const manifests = await rendered(['ci/everything-values.yaml'])
  const dashboards = existing('files/dashboards').filter((name) => name.endsWith('.json'))
  expect(
    manifests
      .filter(({ metadata }) => metadata.labels?.grafana_dashboard === '1')
      .flatMap(({ data }) => Object.keys(data!))
      .toSorted(),
  ).toEqual(dashboards.toSorted())
  const rules = existing('files').includes('prometheus-rules.yaml')
    ? [parse(readFileSync(join(chart, 'files/prometheus-rules.yaml'), 'utf8'))]
    : []
  expect(manifests.filter(({ kind }) => kind === 'PrometheusRule').map(({ spec }) => spec)).toEqual(rules)
  expect(manifests.filter(({ kind }) => kind === 'ServiceMonitor')).toHaveLength(1)
})

const existing = (path: string): string[] => {
  try {
    return readdirSync(join(chart, path))
  } catch {
    return []
  }
}

describe('a wrong value is refused by its path', () => {
  test.each([
    ['rack=null', '', "missing property 'rack'"],
    ['solutionFiles=null', '', "missing property 'solutionFiles'"],
    ['externalKafka.sasl=null', '/externalKafka', "missing property 'sasl'"],
    ['networkPolicies.enabled=null', '/networkPolicies', "missing property 'enabled'"],
    ['services.indexer.replicas=two', '/services/indexer/replicas', 'want integer'],
    ['services.indexer.replica=2', '/services/indexer', "additional properties 'replica' not allowed"],
    [
      'services.indexer.needs={mongo}',
      '/services/indexer/needs/0',
      "must be one of 'kafka', 'registry', 'redis', 'search'",
    ],
    [
      'services.indexer.scaling.by=memory',
      '/services/indexer/scaling/by',
      "must be one of 'none', 'cpu', 'lag'",
    ],
    ['externalKafka.brokers=kafka', '/externalKafka/brokers', 'does not match pattern'],
    ['externalKafka.sasl.mechanism=iam', '/externalKafka/sasl/mechanism', 'must be one of'],
    ['externalKafka.sasl.mechanism=plain', '/externalKafka/sasl/existingSecret', 'minLength'],
    [
      'externalRegistry.url=https://user:password@registry',
      '/externalRegistry/url',
      'does not match pattern',
    ],
    ['image.digest=sha256:abc', '/image/digest', 'does not match pattern'],
    ['rack.from=value', '/rack/value', 'minLength'],
    ['pods.drainSeconds=0', '/pods/drainSeconds', 'minimum'],
    ['kafka.persistence.size=big', '/kafka/persistence/size', 'does not match pattern'],
    [
      'solutionFiles.taxi-telemetry.\\.\\./x=y',
      '/solutionFiles/taxi-telemetry',
      "additional properties '../x' not allowed",
    ],
    ['gateway.enabled=true', '/gateway/hosts', 'minProperties'],
    ['aws.accountId=1', '/aws/accountId', 'want string'],
    ['kafkas.enabled=true', '', "additional properties 'kafkas' not allowed"],
  ])('%s', async (value, path, reason) => {
    const { code, output } = await render([], '--set', value)
    expect(code).toBe(1)
    expect(output).toContain(`at '${path}'`)
    expect(output).toContain(reason)
  })
})
