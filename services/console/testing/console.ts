/** The console as a separate process over a real Kafka and registry, and dead letters for it to show. */
import { applyTopics, registerContracts } from '@weir/catalogue'
import { type Codec, openCodec } from '@weir/codec'
import { readConfig } from '@weir/config'
import type { DeadLetter } from '@weir/contracts'
import { sampleOf } from '@weir/contracts/load.ts'
import { SERVICES, urlVariable } from '@weir/contracts/services.ts'
import { appendRecord, encodeHeaders, encodeValue, type Kafka, kafkaConfig, openKafka } from '@weir/kafka'
import { topics } from '@weir/solutions'
import { freePorts } from '@weir/stack/ports.ts'
import { servers } from '@weir/testkit'
import { type ServiceProcess, startService } from '@weir/testkit/service-process.ts'

export const DEAD = 'taxi.telemetry.dead'
export const ORIGIN = 'taxi.telemetry'

export interface ConsoleTest {
  readonly kafka: Kafka
  /** The variables of services that share the servers. */
  readonly env: Readonly<Record<string, string>>
  /** Starts a console; the services that `more` does not name are down. */
  start(more?: Readonly<Record<string, string>>): Promise<ServiceProcess>
  /** A report as devices send it, in bytes. */
  readonly report: Buffer
  /** Stores dead letters. Values that are not given are a report. */
  bury(letters: readonly Partial<DeadLetter>[], headers?: Readonly<Record<string, string>>): Promise<void>
  stop(): Promise<void>
}

export async function openConsoleTest(): Promise<ConsoleTest> {
  const [{ brokers }, { url }] = await Promise.all([servers.kafka(), servers.registry()])
  const env = { KAFKA_BROKERS: brokers.join(), REGISTRY_URL: url, ALLOW_ANONYMOUS: 'true' }
  const { value: kafka, stop } = await openKafka(readConfig({ ...process.env, ...env }, kafkaConfig))
  await applyTopics(kafka.admin, { topics, replicas: 1 })
  await registerContracts(url, topics)
  const codec: Codec = (await openCodec({ topics, url })).value
  const producer = await kafka.producer()
  const [letterWriter, reportWriter] = await Promise.all([codec.writer(DEAD), codec.writer(ORIGIN)])
  const report = encodeValue(reportWriter, sampleOf(topics, ORIGIN))
  const sample = {
    ...(sampleOf(topics, DEAD) as DeadLetter),
    partition: 0,
    key: Buffer.from('taxi-1'),
    value: report,
  }
  const started: ServiceProcess[] = []
  const down = `http://127.0.0.1:${(await freePorts(1))[0]}`
  const others = Object.fromEntries(SERVICES.map((name) => [urlVariable(name), down]))
  return {
    kafka,
    env,
    report,
    start: async (more = {}) => {
      const service = await startService('console', { ...env, ...others, ...more })
      started.push(service)
      return service
    },
    bury: async (letters, more = {}) => {
      const delivery = producer.delivery()
      for (const [index, changes] of letters.entries()) {
        const letter = { ...sample, ...changes }
        const headers = {
          'weir-id': `buried-${index}`,
          'weir-dead-flow': letter.flow,
          'weir-dead-step': letter.step,
          'weir-dead-code': letter.code,
          ...more,
        }
        appendRecord(delivery, {
          topic: DEAD,
          partition: index % 3,
          key: null,
          value: encodeValue(letterWriter, letter),
          headers: encodeHeaders(headers),
        })
      }
      const failures = await delivery.settled()
      if (failures.length > 0) throw failures[0].error
    },
    stop: async () => {
      for (const service of started) {
        service.kill('SIGTERM')
        await service.exited
      }
      await producer.stop()
      await stop()
    },
  }
}
