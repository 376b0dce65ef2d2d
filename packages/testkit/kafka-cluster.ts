/** Three Kafka nodes of a test's own (RF 3, min ISR 2), to kill, pause and bring back. */
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
  /** `host:port` of node i + 1 at i. */
  readonly brokers: string[]
  /** Where node i + 1 keeps the logs of its partitions. */
  logs(i: number): string
  /** SIGKILL. */
  kill(i: number): Promise<void>
  /** SIGSTOP: connections stay open and nothing answers. */
  pause(i: number): void
  resume(i: number): void
  /** Starts node i again on its data, ending it first where it runs, and waits until it takes part. */
  restart(i: number): Promise<void>
  stop(): Promise<void>
}

export interface KafkaClusterOptions {
  readonly brokers: 1 | 3
  /** What node i + 1 listens at beside the plain port. */
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
    // Killed: without a majority of its controllers a node would wait for them, and the data is forgotten
    // anyway.
    for (const node of nodes) node.kill('SIGKILL')
    await Promise.all(nodes.map((node) => node.exited))
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    await Promise.all(nodes.map((node) => node.ready))
    // Each node was ready by its own word; every one must know of every other before topics get three
    // replicas.
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
