/** Real servers for tests. */
export { kafkaCluster, type KafkaCluster } from './kafka-cluster.ts'
export { secureKafka, type SecureKafka } from './secure-kafka.ts'
export { servers } from './servers.ts'
export { uniqueName } from './unique-name.ts'
