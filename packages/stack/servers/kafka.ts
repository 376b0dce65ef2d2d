/** Apache Kafka: a KRaft node, alone or one of three. */
import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { findJava } from '../java.ts'
import { kafkaNodes } from '../kafka-admin.ts'
import { cached, downloadLibraries } from '../maven.ts'
import { untilReady } from '../process.ts'
import type { Place, Server } from '../server.ts'
import { running } from '../server.ts'
import { startJavaServer } from '../shared-classes.ts'
import { versions } from '../versions.ts'
import type { KafkaNode } from './kafka-settings.ts'
import { serverProperties } from './kafka-settings.ts'

export interface KafkaOptions extends Place, KafkaNode {
  /** 22 characters, the same for all nodes of a cluster. Used only at the first start. */
  readonly clusterId?: string
}

const CLUSTER_ID = 'V2VpckxvY2FsU3RhY2shIQ'
export const LOGGING = join(import.meta.dirname, 'kafka-log4j2.properties')

export const logsOf = ({ data }: Place): string => join(data, 'logs')

/** The folder with the broker's jars. */
const libraries = (): Promise<string> =>
  cached(`kafka-${versions.kafka}`, async (folder, scratch) => {
    const artifacts = [
      `org.apache.kafka:kafka_2.13:${versions.kafka}`,
      ...['slf4j-impl', 'core'].map((name) => `org.apache.logging.log4j:log4j-${name}:${versions.log4j}`),
    ]
    await downloadLibraries({ kafka: artifacts }, scratch)
    renameSync(join(scratch, 'kafka/libs'), join(folder, 'libs'))
  })

/** The class path of the broker and of Kafka's own clients. */
export const kafkaClasspath = async (): Promise<string> => `${await libraries()}/libs/*`

export const kafka: Server<KafkaOptions> = {
  name: 'kafka',

  async prepare() {
    await libraries()
  },

  async start(options) {
    const java = findJava()
    const tokens = options.secure?.tokens.classes
    const classpath = [await kafkaClasspath(), ...(tokens === undefined ? [] : [tokens])].join(delimiter)
    mkdirSync(options.data, { recursive: true })
    const settings = join(options.data, 'server.properties')
    const logs = logsOf(options)
    writeFileSync(settings, serverProperties(options, logs))
    if (!existsSync(join(logs, 'meta.properties'))) await format(java.command, classpath, settings, options)
    const child = await startJavaServer({
      name: 'kafka',
      java,
      software: `kafka-${versions.kafka}`,
      record: options.recordClasses ? options.data : undefined,
      log: options.log,
      // Garbage collections stop the broker. Two threads take half the time of one (13 ms instead of 27), and
      // G1 takes more of two cores. A young generation of about this size (measured: 288 MB, signups at
      // 500/s) needs one collection in 12 s instead of one in 2 s. Without room for classes, there are two of
      // 200 ms at the start.
      args: [
        '-Xmx512m',
        '-Xmn256m',
        '-XX:MetaspaceSize=96m',
        '-XX:+UseParallelGC',
        '-XX:+ExitOnOutOfMemoryError',
        `-Dlog4j2.configurationFile=${LOGGING}`,
        '-cp',
        classpath,
        'kafka.Kafka',
        settings,
      ],
    })
    const url = `127.0.0.1:${options.port}`
    return running(
      child,
      url,
      untilReady(child, async () => (await kafkaNodes([url])).includes(options.nodeId)),
    )
  },
}

/** Gives a new node its cluster id and the users of its SCRAM listener. */
async function format(
  java: string,
  classpath: string,
  settings: string,
  { clusterId, secure }: KafkaOptions,
): Promise<void> {
  const users = (secure?.users ?? []).flatMap(({ name, password }) =>
    ['SCRAM-SHA-256', 'SCRAM-SHA-512'].flatMap((mechanism) => [
      '--add-scram',
      `${mechanism}=[name=${name},password=${password}]`,
    ]),
  )
  await promisify(execFile)(java, [
    '-Xshare:auto',
    '-XX:TieredStopAtLevel=1',
    '-XX:+UseSerialGC',
    '-cp',
    classpath,
    'kafka.tools.StorageTool',
    'format',
    '--ignore-formatted',
    `--cluster-id=${clusterId ?? CLUSTER_ID}`,
    '--config',
    settings,
    ...users,
  ])
}
