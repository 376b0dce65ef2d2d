/**
 * Brings back a lone Kafka node that was killed.
 *
 * Its metadata log says that it still leads every partition. Started from there, the broker loads its
 * coordinators, gives them up when the controller accepts its new registration, and loads them again within
 * milliseconds. Kafka up to at least 4.4 can then mistake the end of the first load for that of the second
 * (`CoordinatorRuntime.load` looks up the partition's coordinator, not the one that it has loaded): the group
 * coordinator serves what it has read so far. Members get old offsets or none, and what they then write can
 * make the partition unreadable for good. Seen with 4.3.1, where recovering the log took about as long as the
 * killed broker's session.
 */
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { findJava } from '../java.ts'
import { unregisterBroker } from '../kafka-admin.ts'
import { tieProcess } from '../lifeline.ts'
import { untilReady } from '../process.ts'
import { startJavaServer } from '../shared-classes.ts'
import { versions } from '../versions.ts'
import type { KafkaOptions } from './kafka.ts'
import { kafkaClasspath, LOGGING, logsOf } from './kafka.ts'
import { controllerProperties } from './kafka-settings.ts'

/** A broker writes this file when it shuts down cleanly, and removes it when it starts. */
const CLEAN = '.kafka_cleanshutdown'

/**
 * If the lone node was killed, runs its controller alone until the controller has forgotten the broker. Call
 * this before starting the node. The broker then leads no partition when it starts, loads its coordinators
 * once, and is registered without waiting for its former session to end. Rejects if the controller ends or
 * does not answer within five minutes.
 */
export async function forgetKilledBroker(node: KafkaOptions): Promise<void> {
  const logs = logsOf(node)
  if (!existsSync(join(logs, 'meta.properties')) || existsSync(join(logs, CLEAN))) return
  const settings = join(node.data, 'controller.properties')
  writeFileSync(settings, controllerProperties(node, logs))
  const child = await startJavaServer({
    name: 'kafka controller',
    java: findJava(),
    software: `kafka-${versions.kafka}`,
    record: undefined,
    log: node.log,
    args: [
      '-Xmx128m',
      '-XX:TieredStopAtLevel=1',
      '-XX:+UseSerialGC',
      `-Dlog4j2.configurationFile=${LOGGING}`,
      '-cp',
      await kafkaClasspath(),
      'kafka.Kafka',
      settings,
    ],
  })
  tieProcess(child.pid)
  try {
    await untilReady(child, () => unregisterBroker(`127.0.0.1:${node.voters[0]!.port}`, node.nodeId))
  } finally {
    child.kill('SIGKILL')
    await child.exited
  }
}
