/**
 * One or three Kafka nodes that belong to one test, to kill, pause and bring back. Three have RF 3 and min
 * ISR 2.
 */
import { randomBytes } from 'node:crypto'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { kafkaNodes } from '@weir/stack/kafka-admin.ts'
import { tieProcess } from '@weir/stack/lifeline.ts'
import { freePorts } from '@weir/stack/ports.ts'
import { untilReady } from '@weir/stack/process.ts'
import type { Running } from '@weir/stack/server.ts'
import { kafka } from '@weir/stack/servers/kafka.ts'
import type { SecureListeners } from '@weir/stack/servers/kafka-settings.ts'
import { temporaryFolder } from '@weir/stack/shared-servers.ts'

export interface KafkaCluster {
  /** The `host:port` of each node; node i + 1 is at index i. */
  readonly brokers: string[]
  /** The folder in which node i + 1 keeps the logs of its partitions. */
  logs(i: number): string
  /** Sends SIGKILL and waits for the exit. */
  kill(i: number): Promise<void>
  /** Sends SIGSTOP: connections stay open and nothing answers. */
  pause(i: number): void
  resume(i: number): void
  /**
   * Restarts node i + 1 on its data, ending it first if it runs, and waits until it has joined the cluster.
   */
  restart(i: number): Promise<void>
  stop(): Promise<void>
}

export interface KafkaClusterOptions {
  readonly brokers: 1 | 3
  /** The listeners of node i + 1 in addition to the plaintext one. */
  secure?(i: number): SecureListeners
}

export async function kafkaCluster({ brokers: count, secure }: KafkaClusterOptions): Promise<KafkaCluster> {
  const folder = temporaryFolder()
  const ports = await freePorts(count * 2)
  const voters = Array.from({ length: count }, (_, i) => ({ nodeId: i + 1, port: ports[count + i]! }))
  const clusterId = randomBytes(16).toString('base64url')
  const brokers = ports.slice(0, count).map((port) => `127.0.0.1:${port}`)

  const start = async (i: number): Promise<Running> => {
    const place = { data: join(folder, `kafka-${i + 1}`), log: join(folder, 'logs', `kafka-${i + 1}.log`) }
    const node = await kafka.start({
      ...place,
      nodeId: i + 1,
      port: ports[i]!,
      voters,
      clusterId,
      secure: secure?.(i),
    })
    tieProcess(node.pid)
    return node
  }
  const nodes = await Promise.all(brokers.map((_, i) => start(i)))
  const stop = async (): Promise<void> => {
    // The nodes are killed: without a majority of the controllers a node would wait for them, and the data is
    // removed anyway.
    for (const node of nodes) node.kill('SIGKILL')
    await Promise.all(nodes.map((node) => node.exited))
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    await Promise.all(nodes.map((node) => node.ready))
    // Each node has reported only itself ready. Every node must know all the others before topics can get
    // three replicas.
    await Promise.all(
      nodes.map((node) => untilReady(node, async () => (await kafkaNodes([node.url])).length === count)),
    )
  } catch (error) {
    await stop()
    throw error
  }

  return {
    brokers,
    logs: (i) => join(folder, `kafka-${i + 1}`, 'logs'),
    async kill(i) {
      nodes[i]!.kill('SIGKILL')
      await nodes[i]!.exited
    },
    pause(i) {
      nodes[i]!.kill('SIGSTOP')
    },
    resume(i) {
      nodes[i]!.kill('SIGCONT')
    },
    async restart(i) {
      await nodes[i]!.stop()
      nodes[i] = await start(i)
      await nodes[i]!.ready
    },
    stop,
  }
}
