/**
 * npm run test:k8s: the chart is installed on the cluster that kubectl reaches, tested, upgraded and rolled
 * back, and its pods are deleted while a file is replayed. With WEIR_VEHICLES=FILE, the positions of that
 * file are replayed, otherwise generated ones. The images WEIR_IMAGE (weir:local) and those of values.yaml
 * must be on the nodes.
 */
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { IMAGE_VALUES, Release } from './cluster.ts'
import { expectDone, kubectl, NAMESPACE } from './kubectl.ts'
import { openSecuredBrokers } from './secured-brokers.ts'
import { writeVehicles } from './vehicles.ts'

const release = new Release()
let folder = ''
let file: string
let rows: number

beforeAll(async () => {
  await Release.requirements()
  folder = await mkdtemp(join(tmpdir(), 'weir-k8s-'))
  file = process.env.WEIR_VEHICLES ?? join(folder, 'vehicles.csv.gz')
  if (process.env.WEIR_VEHICLES === undefined) rows = await writeVehicles(file, 50, 480)
  await release.prepare()
})

afterAll(async () => {
  if (folder === '') return
  await release.remove()
  await rm(folder, { recursive: true, force: true })
})

describe('a release', () => {
  test('is ready within 90 s after helm install, in a namespace that enforces `restricted`', async () => {
    const from = Date.now()
    const output = expectDone(await release.install())
    expect(Date.now() - from).toBeLessThan(90_000)
    // The API server warns about each pod that the standard would refuse.
    expect(output).not.toMatch(/warn/i)
    expect(output).toContain('helm test weir')
    // Services wait for topics and contracts; none of them restarts because of that.
    expect(
      expectDone(
        await kubectl(
          'get',
          'pods',
          '--output=jsonpath={.items[*].status.containerStatuses[*].restartCount}',
        ),
      ),
    ).toMatch(/^0( 0)*$/)
  })

  test('passes helm test, which sends records and finds them in the index', async () => {
    expect(expectDone(await release.helm('test', 'weir', '--logs'))).toContain(
      'found 100 records of taxi-telemetry, each once',
    )
  })

  test('rolls only what has changed in an upgrade, and restores the previous values in a rollback', async () => {
    const generation = async (component: string) =>
      expectDone(
        await kubectl('get', `deployment/weir-${component}`, '--output=jsonpath={.metadata.generation}'),
      )
    const before = await generation('indexer')
    expectDone(await release.upgrade('services.ingest-hub.env.LOG_LEVEL=debug'))
    const level = async () =>
      expectDone(
        await kubectl(
          'get',
          'deployment/weir-ingest-hub',
          '--output=jsonpath={.spec.template.spec.containers[0].env[?(@.name=="LOG_LEVEL")].value}',
        ),
      )
    expect(await level()).toBe('debug')
    expect(await generation('indexer')).toBe(before)
    expectDone(await release.helm('rollback', 'weir', '1', '--wait', '--timeout=180s'))
    expect(await level()).toBe('info')
  })

  test('loses and duplicates nothing while a pod is deleted every 5 s, each server once among them', async () => {
    await release.openLoad(file)
    if (process.env.WEIR_VEHICLES !== undefined) {
      const { code, output } = await release.replay('undisturbed', '100x', '--json')
      expect(code, output).toBe(0)
      rows = Number(/"stored": ?(\d+)/.exec(output)?.[1])
      expect(await release.indexed('replay-undisturbed', rows)).toBe(rows)
    }
    let done = false
    // Two minutes of deletions, for either file.
    const replay = release
      .replay('k8s', process.env.WEIR_VEHICLES === undefined ? '4x' : '7x')
      .finally(() => {
        done = true
      })
    const deleting = release.deletePods(['redis', 'search', 'kafka'], 5000, () => done)
    const { code, output } = await replay
    expect(code, output).toBe(0)
    const deleted = await deleting
    expect(deleted).toEqual(expect.arrayContaining(['redis', 'search', 'kafka', 'ingest-hub']))
    expect(deleted.length).toBeGreaterThan(12)
    expect(await release.indexed('replay-k8s', rows, 240_000)).toBe(rows)
    expect(await release.indexed('replay-k8s', rows + 1, 5000)).toBe(rows)
  })

  test('loses and duplicates nothing in a replay during an upgrade and a rollback', async () => {
    const replay = release.replay('k8s-rolled', '10x')
    expectDone(
      await release.upgrade(
        'services.ingest-hub.env.LOG_LEVEL=warn',
        'services.enricher.env.LOG_LEVEL=warn',
        'services.indexer.env.LOG_LEVEL=warn',
      ),
    )
    expectDone(await release.helm('rollback', 'weir', '--wait', '--timeout=180s'))
    const { code, output } = await replay
    expect(code, output).toBe(0)
    expect(await release.indexed('replay-k8s-rolled', rows)).toBe(rows)
    expect(await release.indexed('replay-k8s-rolled', rows + 1, 5000)).toBe(rows)
  })
})

describe('a wrong value or a fault is reported in one sentence', () => {
  test('if the brokers cannot be reached: the hook fails, and nothing is installed', async () => {
    const { code, output } = await release.upgrade(
      'externalKafka.brokers=nowhere.invalid:9092',
      'apply.waitSeconds=5',
    )
    expect(code).not.toBe(0)
    // Helm itself prints the job's log.
    expect(output).toContain('check that a broker listens at KAFKA_BROKERS')
    expect(
      expectDone(
        await kubectl(
          'get',
          'deployment/weir-enricher',
          '--output=jsonpath={.spec.template.spec.containers[0].env[?(@.name=="KAFKA_BROKERS")].value}',
        ),
      ),
    ).toBe('weir-kafka:9092')
  })

  test('if the registry is down: the hook waits and says so', async () => {
    expectDone(await kubectl('scale', 'deployment/weir-registry', '--replicas=0'))
    const { code, output } = await release.upgrade('apply.waitSeconds=5')
    expect(code).not.toBe(0)
    expect(output).toContain('waiting for the schema registry')
    expectDone(await kubectl('scale', 'deployment/weir-registry', '--replicas=1'))
    expectDone(await kubectl('rollout', 'status', 'deployment/weir-registry', '--timeout=120s'))
  })

  test('if a topic has fewer partitions than in the table', async () => {
    expectDone(
      await kubectl(
        'exec',
        'weir-kafka-0',
        '--',
        'sh',
        '-c',
        'export KAFKA_HEAP_OPTS=-Xmx128m; T=/opt/kafka/bin/kafka-topics.sh; B="--bootstrap-server weir-kafka:9092"; $T $B --delete --topic taxi.telemetry.late; sleep 2; $T $B --create --topic taxi.telemetry.late --partitions 1',
      ),
    )
    const { code, output } = await release.upgrade()
    expect(code).not.toBe(0)
    expect(output).toMatch(/taxi\.telemetry\.late has 1 partitions?/)
    expectDone(
      await kubectl(
        'exec',
        'weir-kafka-0',
        '--',
        'sh',
        '-c',
        'export KAFKA_HEAP_OPTS=-Xmx128m; /opt/kafka/bin/kafka-topics.sh --bootstrap-server weir-kafka:9092 --delete --topic taxi.telemetry.late',
      ),
    )
    expectDone(await release.upgrade())
  })

  test('if a contract breaks compatibility: the upgrade stops, and no pod is rolled', async () => {
    const broken = JSON.parse(await readFile('solutions/taxi-telemetry/contracts/telemetry.avsc', 'utf8'))
    broken.fields.push({
      name: 'colour',
      type: 'string',
      doc: 'Without a default, so readers of before cannot fill it in.',
    })
    const text = join(folder, 'telemetry.avsc')
    await writeFile(text, JSON.stringify(broken))
    expectDone(await kubectl('create', 'configmap', 'broken-contract', `--from-file=telemetry.avsc=${text}`))
    const before = await release.pods()
    const { code, output } = await release.upgrade(
      'pods.extraVolumes[0].name=broken',
      'pods.extraVolumes[0].configMap.name=broken-contract',
      'pods.extraVolumeMounts[0].name=broken',
      'pods.extraVolumeMounts[0].mountPath=/weir/solutions/taxi-telemetry/contracts/telemetry.avsc',
      'pods.extraVolumeMounts[0].subPath=telemetry.avsc',
    )
    expect(code).not.toBe(0)
    expect(output).toContain('The registry refused taxi.telemetry-value')
    expect(output).toContain('colour')
    expect(await release.pods()).toEqual(before)
  })

  test('if a secret or its entry does not exist: the upgrade is refused before anything is changed', async () => {
    const { code, output } = await release.upgrade('access.existingSecret=nowhere')
    expect(code).not.toBe(0)
    expect(output).toContain(
      `access.existingSecret names the secret "nowhere", which does not exist in namespace ${NAMESPACE}; create it first.`,
    )
    expectDone(await kubectl('create', 'secret', 'generic', 'half', '--from-literal=api-keys.json=[]'))
    expect((await release.upgrade('access.existingSecret=half')).output).toContain(
      'which does not have the entry "access-keys.json"; add it.',
    )
  })

  test('if a file of API keys is wrong: the new pod says so, and the previous pods continue', async () => {
    expectDone(
      await kubectl(
        'create',
        'secret',
        'generic',
        'wrong',
        '--from-literal=api-keys.json={}',
        '--from-literal=access-keys.json=[]',
      ),
    )
    // The previous revision may be an upgrade that a hook ended.
    const revision = await release.deployedRevision()
    const upgrade = await release.helm(
      'upgrade',
      'weir',
      'deploy/k8s/weir',
      '--reset-then-reuse-values',
      '--set=access.existingSecret=wrong',
      '--wait',
      '--timeout=20s',
    )
    expect(upgrade.code).not.toBe(0)
    expect(await release.lastWords('ingest-hub')).toContain('The file of API keys must hold a list.')
    expect(
      expectDone(
        await kubectl('get', 'deployment/weir-ingest-hub', '--output=jsonpath={.status.readyReplicas}'),
      ),
    ).toBe('2')
    expectDone(await release.helm('rollback', 'weir', revision, '--wait', '--timeout=120s'))
  })

  test('if an install has a wrong password, an expired certificate or no registry: its hook fails', async () => {
    await openSecuredBrokers(await expiredCertificate(folder))
    const installs = {
      password: [
        'externalKafka.brokers=sasl-broker:9092',
        'externalKafka.sasl.mechanism=plain',
        'externalKafka.sasl.username=weir',
        'externalKafka.sasl.existingSecret=broker-password',
      ],
      certificate: [
        'externalKafka.brokers=expired-broker:9093',
        'externalKafka.tls.enabled=true',
        'externalKafka.tls.existingSecret=broker-tls',
      ],
      registry: [
        'externalKafka.brokers=weir-kafka:9092',
        'externalRegistry.url=http://nowhere.invalid:8080',
        'apply.waitSeconds=5',
      ],
    }
    const outputs: Record<string, string> = {}
    for (const [name, settings] of Object.entries(installs)) {
      const { code, output } = await release.helm(
        'install',
        'second',
        'deploy/k8s/weir',
        '--set',
        [
          'externalRegistry.url=http://weir-registry:8080/apis/ccompat/v7',
          'apply.waitSeconds=60',
          ...settings,
        ].join(),
        ...IMAGE_VALUES,
      )
      expect(code, output).not.toBe(0)
      outputs[name] = output
      expect(await release.made('second')).toEqual([])
      expectDone(await release.helm('uninstall', 'second'))
    }
    expect(outputs.password).toContain('check KAFKA_SASL_MECHANISM, user name and password')
    expect(outputs.certificate).toContain('check KAFKA_TLS_CA, the certificate and the host name')
    expect(outputs.certificate).toMatch(/expired/i)
    expect(outputs.registry).toContain('waiting for the schema registry')
  })
})

/**
 * Writes PEM files to the folder: the authority, and a certificate of `expired-broker` that expired
 * yesterday, with its key.
 */
async function expiredCertificate(
  folder: string,
): Promise<{ readonly ca: string; readonly cert: string; readonly key: string }> {
  const openssl = (...args: string[]): Promise<unknown> =>
    promisify(execFile)('openssl', args, { cwd: folder })
  await openssl(
    'req',
    '-x509',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-keyout',
    'ca.key',
    '-out',
    'ca.crt',
    '-subj',
    '/CN=test authority',
    '-days',
    '2',
  )
  await openssl(
    'req',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-keyout',
    'tls.key',
    '-out',
    'tls.csr',
    '-subj',
    '/CN=expired-broker',
  )
  await writeFile(join(folder, 'names.cnf'), 'subjectAltName=DNS:expired-broker')
  await openssl(
    'x509',
    '-req',
    '-in',
    'tls.csr',
    '-CA',
    'ca.crt',
    '-CAkey',
    'ca.key',
    '-CAcreateserial',
    '-days',
    '-1',
    '-extfile',
    'names.cnf',
    '-out',
    'tls.crt',
  )
  return { ca: join(folder, 'ca.crt'), cert: join(folder, 'tls.crt'), key: join(folder, 'tls.key') }
}
