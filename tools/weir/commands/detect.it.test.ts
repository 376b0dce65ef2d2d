/** The command over the records of a topic on a real broker. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { applyTopics, registerContracts } from '@weir/catalogue'
import { openCodec } from '@weir/codec'
import { readConfig } from '@weir/config'
import { sampleOf } from '@weir/contracts/load.ts'
import { kafkaConfig, openKafka } from '@weir/kafka'
import { append, stored } from '@weir/kafka/conformance/records.ts'
import { topics } from '@weir/solutions'
import type { TaxiTelemetry } from '@weir/solutions/taxi-telemetry/generated/types.ts'
import { servers, uniqueName } from '@weir/testkit'
import { expect, onTestFinished, test } from 'vitest'

test('each key is a series of its own, and the past of a topic is judged by event time', async () => {
  const [{ brokers }, { url }] = await Promise.all([servers.kafka(), servers.registry()])
  const env = { ...process.env, KAFKA_BROKERS: brokers.join(','), REGISTRY_URL: url }
  await registerContracts(url, topics)
  const { value: kafka, stop } = await openKafka(readConfig(env, kafkaConfig))
  onTestFinished(() => stop())
  await applyTopics(kafka.admin, { topics, replicas: 1 })
  const { value: codec, stop: stopCodec } = await openCodec({ topics, url })
  onTestFinished(() => stopCodec())
  const writer = await codec.writer('taxi.telemetry')
  const producer = await kafka.producer()
  const [hot, cool, trip] = ['hot', 'cool', 'trip'].map((name) => uniqueName(name))
  const delivery = producer.delivery()
  const start = Date.now() - 600_000
  const buffer = Buffer.alloc(1024)
  for (let i = 0; i < 200; i++) {
    for (const [deviceId, level] of [
      [hot, i >= 150 ? 120 : 80],
      [cool, 20],
    ] as const) {
      const value = {
        ...(sampleOf(topics, 'taxi.telemetry') as TaxiTelemetry),
        deviceId,
        tripId: trip,
        engineTemperature: i === 10 ? null : level + Math.sin(i),
        eventTime: start + i * 1000,
      }
      const bytes = Buffer.from(buffer.subarray(0, writer.encode(value, buffer, 0)))
      append(delivery, 'taxi.telemetry', 0, deviceId!, bytes)
    }
  }
  await stored(delivery)
  await producer.stop()

  const detect = async (...args: string[]): Promise<{ stdout: string; stderr: string }> =>
    promisify(execFile)(
      process.execPath,
      [new URL('../main.ts', import.meta.url).pathname, 'detect', '--topic', 'taxi.telemetry', ...args],
      { env },
    )
  const where = ['--filter', `tripId=${trip}`, '--field', 'engineTemperature', '--time', 'eventTime']
  const { stdout, stderr } = await detect(...where, '--detector', 'robust-baseline', '--json', '--unit', '°C')
  const [first] = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  expect(first).toMatchObject({
    sensor: `${hot} engineTemperature`,
    status: 'open',
    sinceMs: start + 150_000,
  })
  expect(first.why).toMatch(new RegExp(`^${hot} engineTemperature was 1\\d\\d\\.\\d+ °C, but`))
  expect(stdout).not.toContain(cool)
  expect(stderr).toContain('400 records of 2 series; 2 do not count')

  const shown = await detect(...where, '--key', 'deviceId')
  expect(shown.stdout).toContain(`${hot} engineTemperature was`)
  await expect(detect('--field', 'speed', 'file.csv')).rejects.toMatchObject({
    code: 2,
    stderr: expect.stringContaining('Name a file or a topic, not both.'),
  })
})
