/**
 * The steps by which a stream reaches its decided state. Any replica can repeat each of them, wherever an
 * earlier attempt was interrupted.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { MAX_BATCH_BYTES, MAX_VALUE_BYTES } from '@weir/contracts/topic-configs.ts'
import type { Admin } from '@weir/kafka'
import { finishResharding, placeChildren } from './reshard.ts'
import { openShards, type Stream } from './stream.ts'

const HOUR_MS = 3_600_000
/** How long brokers may take to forget a deleted topic (ms). */
const FORGET_MS = 15_000

type ChangeStream = (
  name: string,
  decide: (stream: Stream | undefined) => Stream | undefined,
) => Promise<unknown>

export async function finishStep(
  admin: Admin,
  stream: Stream,
  replicas: number,
  change: ChangeStream,
): Promise<void> {
  if (stream.status === 'CREATING') await create(admin, stream, replicas, change)
  else if (stream.status === 'DELETING') await remove(admin, stream, change)
  else if (stream.resharding !== null) await reshard(admin, stream, change)
}

/** The part of a topic's configuration that its stream determines. */
export function streamTopicConfigs({
  retentionHours,
  maxRecordKiB,
}: Pick<Stream, 'retentionHours' | 'maxRecordKiB'>): Record<string, string> {
  return {
    'cleanup.policy': 'delete',
    'message.timestamp.type': 'LogAppendTime',
    'retention.ms': String(retentionHours * HOUR_MS),
    'max.message.bytes': String(maxRecordKiB * 1024 + MAX_BATCH_BYTES - MAX_VALUE_BYTES),
  }
}

async function create(admin: Admin, stream: Stream, replicas: number, change: ChangeStream): Promise<void> {
  const inSync: Record<string, string> = replicas >= 3 ? { 'min.insync.replicas': '2' } : {}
  await admin.createTopics([
    {
      name: stream.topic,
      partitions: openShards(stream).length,
      replicas,
      configs: { ...streamTopicConfigs(stream), ...inSync },
    },
  ])
  // An external stream may take over an existing topic.
  if (stream.external)
    await admin.alterTopicConfigs(stream.topic, { 'message.timestamp.type': 'LogAppendTime' })
  let current: Stream | undefined
  await change(stream.name, (found) => {
    current = found
    return same(found, stream) ? { ...found!, status: 'ACTIVE' } : found
  })
  // The stream was deleted meanwhile, perhaps by another replica that found no topic to delete yet.
  if (current === undefined || current.status === 'DELETING') await admin.deleteTopics([stream.topic])
}

async function remove(admin: Admin, stream: Stream, change: ChangeStream): Promise<void> {
  await admin.deleteTopics([stream.topic])
  for (const deadline = Date.now() + FORGET_MS; Date.now() < deadline; await sleep(50)) {
    if (!(await admin.topics()).some(({ name }) => name === stream.topic)) break
  }
  await change(stream.name, (current) => (same(current, stream) ? undefined : current))
}

/** Call when no replica writes to the closing shards any more. */
async function reshard(admin: Admin, stream: Stream, change: ChangeStream): Promise<void> {
  const now = Date.now()
  const placed = placeChildren(stream, now)
  await admin.growTopic(stream.topic, Math.max(...placed.map(({ partition }) => partition)) + 1)
  const ends = new Map(
    (await admin.offsets(stream.topic)).map(({ partition, latest }) => [partition, latest]),
  )
  const children = placed.map((child) => ({ ...child, from: ends.get(child.partition)! }))
  await change(stream.name, (current) =>
    same(current, stream)
      ? finishResharding(current!, children, (partition) => ends.get(partition)!, now)
      : current,
  )
}

function same(current: Stream | undefined, stream: Stream): boolean {
  return current !== undefined && current.version === stream.version
}
