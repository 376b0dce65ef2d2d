/** Real servers for tests. */
export { type KafkaCluster, kafkaCluster } from './kafka-cluster.ts'
export { type SecureKafka, secureKafka } from './secure-kafka.ts'
export { servers } from './servers.ts'
export { uniqueName } from './unique-name.ts'
