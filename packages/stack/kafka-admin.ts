/** The few Kafka requests that starting servers needs. Services use the port of packages/kafka instead. */
import { pbkdf2Sync, randomBytes } from 'node:crypto'
import { Admin, alterUserScramCredentialsV0, Connection, unregisterBrokerV0 } from '@platformatic/kafka'

/**
 * Returns the ids of the brokers in the cluster, as the broker that answers knows them. Rejects if none
 * answers.
 */
export const kafkaNodes = (brokers: readonly string[]): Promise<number[]> =>
  withAdmin(brokers, 0, async (admin) => [...(await admin.metadata({ topics: [] })).brokers.keys()])

/** Creates the topic with one partition, unless it exists. */
export const ensureTopic = (
  brokers: readonly string[],
  topic: string,
  configs: Readonly<Record<string, string>>,
): Promise<void> =>
  withAdmin(brokers, 5, async (admin) => {
    if ((await admin.listTopics()).includes(topic)) return
    try {
      await admin.createTopics({
        topics: [topic],
        partitions: 1,
        replicas: -1,
        configs: Object.entries(configs).map(([name, value]) => ({ name, value })),
      })
    } catch (error) {
      // Another process created the topic first.
      if (!(await admin.listTopics()).includes(topic)) throw error
    }
  })

/** Kafka's number for SCRAM-SHA-512, and the fewest iterations that it accepts. */
const SHA_512 = 2
const ITERATIONS = 4096

const BROKER_ID_NOT_REGISTERED = 102

/**
 * Tells the controller at `host:port` to forget the broker. Returns true once the controller knows no broker
 * with this id. Rejects while the controller is not active.
 */
export async function unregisterBroker(controller: string, nodeId: number): Promise<boolean> {
  const connection = await connect(controller)
  try {
    await unregisterBrokerV0.api.async(connection, nodeId)
    return true
  } catch (error) {
    if ((error as { response?: { errorCode: number } }).response?.errorCode === BROKER_ID_NOT_REGISTERED)
      return true
    throw error
  } finally {
    await connection.close()
  }
}

/**
 * Changes the user's password for SCRAM-SHA-512. Sessions that are already logged in continue until they end.
 */
export async function setPassword(broker: string, name: string, password: string): Promise<void> {
  const connection = await connect(broker)
  try {
    const salt = randomBytes(16)
    const saltedPassword = pbkdf2Sync(password, salt, ITERATIONS, 64, 'sha512')
    await alterUserScramCredentialsV0.api.async(
      connection,
      [],
      [{ name, mechanism: SHA_512, iterations: ITERATIONS, salt, saltedPassword }],
    )
  } finally {
    await connection.close()
  }
}

async function connect(address: string): Promise<Connection> {
  const [host, port] = address.split(':') as [string, string]
  const connection = new Connection('weir-stack')
  await connection.connect(host, Number(port))
  return connection
}

async function withAdmin<T>(
  brokers: readonly string[],
  retries: number,
  ask: (admin: Admin) => Promise<T>,
): Promise<T> {
  const admin = new Admin({
    clientId: 'weir-stack',
    bootstrapBrokers: [...brokers],
    retries,
    connectTimeout: 1000,
    timeout: 5000,
  })
  try {
    return await ask(admin)
  } finally {
    await admin.close()
  }
}
