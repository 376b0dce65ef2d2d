/**
 * Applies the topics and the contracts of the platform and of every solution, once, and exits: 0 when all is in place, 1 with one sentence when not, 2 for
 * a wrong configuration.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { applyTopics, registerContracts } from '@weir/catalogue'
import { registryUrl } from '@weir/codec'
import { ConfigError, readConfig } from '@weir/config'
import { kafkaConfig, openKafka } from '@weir/kafka'
import { topics } from '@weir/solutions'

const PAUSE_MS = 2000

async function main(): Promise<void> {
  const config = readConfig(process.env, (reader) => ({
    kafka: kafkaConfig(reader),
    registryUrl: registryUrl(reader),
    replicas: reader.integer(
      'TOPIC_REPLICAS',
      "Replicas of each partition of new topics; -1 for the broker's default.",
      -1,
      -1,
      32_767,
    ),
    waitSeconds: reader.integer(
      'APPLY_WAIT_SECONDS',
      'How long to wait for each of Kafka and the registry, after it was first found missing.',
      300,
      0,
      86_400,
    ),
  }))
  const waitMs = config.waitSeconds * 1000

  const kafka = await waitFor('Kafka', waitMs, () => openKafka(config.kafka))
  try {
    const { created, updated } = await applyTopics(kafka.value.admin, {
      topics,
      replicas: config.replicas,
      log: console.log,
    })
    console.log(`topics: ${created.length} created, ${updated.length} changed`)
  } finally {
    await kafka.stop()
  }
  const registered = await waitFor('the schema registry', waitMs, () =>
    registerContracts(config.registryUrl, topics, console.log),
  )
  console.log(`contracts: ${registered.length} registered`)
}

/**
 * Retries until it works, and prints what it waits for. An error that a retry cannot help (a wrong password,
 * say) is thrown at once.
 */
async function waitFor<T>(what: string, waitMs: number, attempt: () => Promise<T>): Promise<T> {
  let missingSince: number | undefined
  for (;;) {
    try {
      return await attempt()
    } catch (error) {
      const { message, retriable } = error as Error & { retriable?: boolean }
      const waited = Date.now() - (missingSince ??= Date.now())
      if (retriable === false || waited >= waitMs) throw error
      console.log(`waiting for ${what}, ${Math.round(waited / 1000)} s (${message})`)
      await pause(Math.min(PAUSE_MS, waitMs - waited))
    }
  }
}

main().then(
  () => process.exit(0),
  (error: Error) => {
    console.error(error.message)
    process.exit(error instanceof ConfigError ? 2 : 1)
  },
)
