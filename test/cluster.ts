/**
 * A release of the chart in its own namespace, on the cluster that kubectl reaches, for tests: install,
 * upgrade, replay, delete pods, count.
 */
import { execFile } from 'node:child_process'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'
import { SERVICES } from '@weir/contracts/services.ts'
import { apply, expectDone, IMAGE, kubectl, NAMESPACE, onNode, type Ran, ran } from './kubectl.ts'

const run = promisify(execFile)
const RELEASE = 'weir'
const [repository, tag] = IMAGE.split(/:(?=[^:/]*$)/)
/** The folder in which the node keeps the volumes of the bundled servers. */
const VOLUMES = `/tmp/${NAMESPACE}`
const SERVERS = { kafka: 1000, redis: 999, search: 1000 } as const

export class Release {
  /** Throws one sentence if a requirement of these tests is missing. */
  static async requirements(): Promise<void> {
    for (const tool of ['kubectl', 'helm']) {
      await run(tool, ['version', '--client']).catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT')
          throw new Error(`There is no ${tool} here: install it, and put it on the PATH.`)
      })
    }
    await run('kubectl', ['get', 'nodes', '--request-timeout=10s']).catch(
      (error: Error & { stderr?: string }) => {
        throw new Error(
          `kubectl reaches no cluster: start one that has the image ${IMAGE} and those of values.yaml, and point KUBECONFIG at it. It said: ${(error.stderr ?? error.message).trim().split('\n').pop()}`,
        )
      },
    )
  }

  /**
   * Creates an empty namespace that enforces the Pod Security Standard `restricted`, and a volume on the node
   * for each bundled server.
   */
  async prepare(): Promise<void> {
    await this.remove()
    await apply({
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: {
        name: NAMESPACE,
        labels: {
          'pod-security.kubernetes.io/enforce': 'restricted',
          'pod-security.kubernetes.io/warn': 'restricted',
        },
      },
    })
    for (const [server, user] of Object.entries(SERVERS)) {
      // A folder on the node belongs to root: a pod in another namespace gives it to the server's user.
      await onNode(
        `rm -rf ${VOLUMES}/${server} && mkdir -p ${VOLUMES}/${server} && chown ${user}:${user} ${VOLUMES}/${server}`,
      )
      await apply({
        apiVersion: 'v1',
        kind: 'PersistentVolume',
        metadata: { name: `${NAMESPACE}-${server}` },
        spec: {
          capacity: { storage: '5Gi' },
          accessModes: ['ReadWriteOnce'],
          persistentVolumeReclaimPolicy: 'Retain',
          hostPath: { path: `${VOLUMES}/${server}` },
        },
      })
    }
  }

  async remove(): Promise<void> {
    await this.helm('uninstall', RELEASE, '--wait', '--timeout=60s', '--ignore-not-found')
    await kubectl('delete', 'namespace', NAMESPACE, '--ignore-not-found', '--timeout=60s')
    await kubectl(
      'delete',
      'persistentvolume',
      ...Object.keys(SERVERS).map((server) => `${NAMESPACE}-${server}`),
      '--ignore-not-found',
      '--timeout=30s',
    )
  }

  install(...settings: readonly string[]): Promise<Ran> {
    return this.helm('install', RELEASE, CHART, ...VALUES, '--wait', '--timeout=180s', ...set(settings))
  }

  upgrade(...settings: readonly string[]): Promise<Ran> {
    return this.helm('upgrade', RELEASE, CHART, ...VALUES, '--wait', '--timeout=180s', ...set(settings))
  }

  helm(...args: readonly string[]): Promise<Ran> {
    return ran('helm', ['--namespace', NAMESPACE, ...args])
  }

  /** Returns the revision that Helm lists as deployed. */
  async deployedRevision(): Promise<string> {
    const history = JSON.parse(expectDone(await this.helm('history', RELEASE, '--output=json'))) as {
      revision: number
      status: string
    }[]
    return String(history.findLast(({ status }) => status === 'deployed')!.revision)
  }

  /**
   * Starts a pod that the policies allow to reach the hub and the search engine, with the weir command and a
   * file to replay.
   */
  async openLoad(file: string): Promise<void> {
    await apply({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        name: 'load',
        namespace: NAMESPACE,
        labels: {
          'app.kubernetes.io/name': 'weir',
          'app.kubernetes.io/instance': RELEASE,
          'app.kubernetes.io/component': 'test',
        },
      },
      spec: {
        automountServiceAccountToken: false,
        securityContext: { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: 'RuntimeDefault' } },
        containers: [
          {
            name: 'load',
            image: IMAGE,
            imagePullPolicy: 'IfNotPresent',
            args: ['-e', 'setInterval(() => {}, 1000)'],
            securityContext: {
              allowPrivilegeEscalation: false,
              readOnlyRootFilesystem: true,
              capabilities: { drop: ['ALL'] },
            },
            env: [
              { name: 'HUB_URL', value: `http://${RELEASE}-ingest-hub:8080` },
              { name: 'SEARCH_URL', value: `http://${RELEASE}-search:9200` },
              { name: 'WEIR_API_KEY_FILE', value: '/key/api-key' },
              { name: 'WEIR_DATA', value: '/tmp' },
            ],
            volumeMounts: [
              { name: 'tmp', mountPath: '/tmp' },
              { name: 'key', mountPath: '/key', readOnly: true },
            ],
          },
        ],
        volumes: [
          { name: 'tmp', emptyDir: {} },
          {
            name: 'key',
            secret: { secretName: `${RELEASE}-access`, items: [{ key: 'api-key', path: 'api-key' }] },
          },
        ],
      },
    })
    expectDone(await kubectl('wait', '--for=condition=Ready', 'pod/load', '--timeout=60s'))
    expectDone(await kubectl('cp', file, 'load:/tmp/vehicles.csv.gz'))
  }

  /** Sends the file of openLoad(). Its source is replay-NAME. */
  replay(name: string, speed: string, ...options: readonly string[]): Promise<Ran> {
    return kubectl(
      'exec',
      'load',
      '--',
      'node',
      'tools/weir/main.ts',
      'replay',
      '/tmp/vehicles.csv.gz',
      '--run',
      name,
      '--speed',
      speed,
      ...options,
    )
  }

  /** Returns the names of a release's service pods. */
  async pods(name = RELEASE): Promise<string[]> {
    const selector = `app.kubernetes.io/instance=${name},app.kubernetes.io/component in (${SERVICES.join()})`
    return expectDone(await kubectl('get', 'pods', '--selector', selector, '--output=name'))
      .split('\n')
      .filter(Boolean)
      .toSorted()
  }

  /** Returns everything that a release has created, apart from the hook itself. */
  async made(name: string): Promise<string[]> {
    const kinds = 'deployment,statefulset,service,configmap,secret,networkpolicy,persistentvolumeclaim,pod'
    const output = expectDone(
      await kubectl(
        'get',
        kinds,
        '--selector',
        `app.kubernetes.io/instance=${name},app.kubernetes.io/component!=apply`,
        '--output=name',
      ),
    )
    return output.split('\n').filter((line) => line.includes('/'))
  }

  /** Returns the termination messages that Kubernetes shows of a service's pods that ended. */
  async lastWords(component: string): Promise<string> {
    return expectDone(
      await kubectl(
        'get',
        'pods',
        '--selector',
        `app.kubernetes.io/component=${component}`,
        '--output=jsonpath={.items[*].status.containerStatuses[*].lastState.terminated.message}{.items[*].status.containerStatuses[*].state.terminated.message}',
      ),
    )
  }

  /**
   * Returns the number of documents of a source that have their record's id, once there are `expected`, or
   * when time is up.
   */
  async indexed(source: string, expected: number, patienceMs = 120_000): Promise<number> {
    const script = `
      const body = JSON.stringify({ query: { term: { source: ${JSON.stringify(source)} } } })
      await fetch(process.env.SEARCH_URL + '/taxi-enriched-*/_refresh', { method: 'POST' })
      const counted = await fetch(process.env.SEARCH_URL + '/taxi-enriched-*/_count', { method: 'POST', headers: { 'content-type': 'application/json' }, body })
      console.log('count', (await counted.json()).count)`
    let count = -1
    for (const deadline = Date.now() + patienceMs; Date.now() < deadline; await pause(1000)) {
      const { output } = await kubectl('exec', 'load', '--', 'node', '--input-type=module', '-e', script)
      count = Number(/count (\d+)/.exec(output)?.[1] ?? count)
      if (count >= expected) break
    }
    return count
  }

  /**
   * Deletes a random pod of the services every `everyMs` until `done`, and each of the named servers once.
   * Returns the components of the deleted pods.
   */
  async deletePods(servers: readonly string[], everyMs: number, done: () => boolean): Promise<string[]> {
    const deleted: string[] = []
    const left = [...servers]
    for (let turn = 1; !done(); turn++) {
      const server = turn % 4 === 2 ? left.shift() : undefined
      const component = server ?? SERVICES[Math.floor(Math.random() * SERVICES.length)]
      const { output } = await kubectl(
        'get',
        'pods',
        '--selector',
        `app.kubernetes.io/component=${component}`,
        '--field-selector=status.phase=Running',
        '--output=name',
      )
      const pods = output.trim().split('\n').filter(Boolean)
      const pod = pods[Math.floor(Math.random() * pods.length)]
      if (pod !== undefined) {
        await kubectl('delete', pod, '--wait=false')
        deleted.push(component)
      }
      await pause(everyMs)
    }
    return deleted
  }
}

const CHART = 'deploy/k8s/weir'
export const IMAGE_VALUES = set([`image.repository=${repository}`, `image.tag=${tag}`])
const VALUES = [
  ...IMAGE_VALUES,
  ...set(Object.keys(SERVERS).map((server) => `${server}.persistence.volumeName=${NAMESPACE}-${server}`)),
]

function set(settings: readonly string[]): string[] {
  return settings.flatMap((setting) => ['--set', setting])
}
