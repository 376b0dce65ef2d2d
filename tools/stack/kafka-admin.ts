/** The few questions that starting servers needs to ask of Kafka. Services use the port of packages/kafka instead. */
import { Admin } from '@platformatic/kafka'

/** Ids of the brokers that take part, as a broker asked knows them. Rejects while none answers. */
export const kafkaNodes = (brokers: readonly string[]): Promise<number[]> =>
  withAdmin(brokers, 0, async (admin) => [...(await admin.metadata({ topics: [] })).brokers.keys()])

/** Creates the topic with one partition unless it exists. */
export const ensureTopic = (brokers: readonly string[], topic: string, configs: Readonly<Record<string, string>>): Promise<void> =>
  withAdmin(brokers, 5, async (admin) => {
    if ((await admin.listTopics()).includes(topic)) return
    await admin.createTopics({ topics: [topic], partitions: 1, replicas: -1, configs: Object.entries(configs).map(([name, value]) => ({ name, value })) })
  })

async function withAdmin<T>(brokers: readonly string[], retries: number, ask: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = new Admin({ clientId: 'weir-stack', bootstrapBrokers: [...brokers], retries, connectTimeout: 1000, timeout: 5000 })
  try {
    return await ask(admin)
  } finally {
    await admin.close()
  }
}
