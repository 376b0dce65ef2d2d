/** server.properties of one KRaft node that is broker and controller at once. */

export interface KafkaNode {
  readonly nodeId: number
  readonly port: number
  /** The controllers of all nodes, including this one's. */
  readonly voters: readonly { readonly nodeId: number; readonly port: number }[]
  readonly secure?: SecureListeners | undefined
}

/** Listeners with TLS, in addition to the plaintext one. */
export interface SecureListeners {
  readonly ports: {
    /** Asks clients for no credentials. */
    readonly tls: number
    /** Asks for a client certificate; the principal is its common name. */
    readonly mtls: number
    /** SASL SCRAM. */
    readonly scram: number
    /** SASL OAUTHBEARER with the tokens of MSK IAM. */
    readonly iam: number
  }
  /** PEM: the private key and then the certificate. */
  readonly keyFile: string
  /** PEM: the authority that signs the certificates of clients. */
  readonly caFile: string
  readonly users: readonly { readonly name: string; readonly password: string }[]
  readonly tokens: TokenCheck
  /**
   * If given, the brokers authenticate to each other by certificates, and every other principal has only the
   * rights that ACLs give it.
   */
  readonly superUsers?: readonly string[]
}

export interface TokenCheck {
  /** The folder with the compiled class `MskTokens`. */
  readonly classes: string
  readonly region: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

export function serverProperties({ nodeId, port, voters, secure }: KafkaNode, dataFolder: string): string {
  const controller = voters.find((voter) => voter.nodeId === nodeId)!
  const guarded = secure?.superUsers !== undefined
  const listeners = {
    PLAINTEXT: port,
    ...(secure && {
      TLS: secure.ports.tls,
      MTLS: secure.ports.mtls,
      SCRAM: secure.ports.scram,
      IAM: secure.ports.iam,
    }),
  }
  const addresses = Object.entries(listeners).map(([name, at]) => `${name}://127.0.0.1:${at}`)
  const replicas = Math.min(3, voters.length)
  return lines({
    'process.roles': 'broker,controller',
    'node.id': nodeId,
    'log.dirs': dataFolder,
    'controller.quorum.voters': quorum(voters),
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': guarded ? 'MTLS' : 'PLAINTEXT',
    'listener.security.protocol.map': `CONTROLLER:${guarded ? 'SSL' : 'PLAINTEXT'},PLAINTEXT:PLAINTEXT,TLS:SSL,MTLS:SSL,SCRAM:SASL_SSL,IAM:SASL_SSL`,
    listeners: [...addresses, `CONTROLLER://127.0.0.1:${controller.port}`].join(','),
    'advertised.listeners': addresses.join(','),
    'auto.create.topics.enable': false,
    'default.replication.factor': replicas,
    'min.insync.replicas': Math.max(1, replicas - 1),
    'offsets.topic.replication.factor': replicas,
    'transaction.state.log.replication.factor': replicas,
    'transaction.state.log.min.isr': Math.max(1, replicas - 1),
    ...quickSettings,
    ...(secure && secureSettings(secure)),
  })
}

/** Returns the server.properties of a node that runs its controller and no broker. */
export function controllerProperties({ nodeId, voters }: KafkaNode, dataFolder: string): string {
  return lines({
    'process.roles': 'controller',
    'node.id': nodeId,
    'log.dirs': dataFolder,
    'controller.quorum.voters': quorum(voters),
    'controller.listener.names': 'CONTROLLER',
    'listener.security.protocol.map': 'CONTROLLER:PLAINTEXT',
    listeners: `CONTROLLER://127.0.0.1:${voters.find((voter) => voter.nodeId === nodeId)!.port}`,
  })
}

const quorum = (voters: KafkaNode['voters']): string =>
  voters.map((voter) => `${voter.nodeId}@127.0.0.1:${voter.port}`).join(',')

/**
 * For one machine, few clients, and recovery within seconds after a kill. Kafka's defaults are meant for data
 * centres.
 */
export const quickSettings = {
  // A killed broker's registration blocks its restart until this session ends (default 9 s).
  'broker.session.timeout.ms': 4000,
  'broker.heartbeat.interval.ms': 500,
  // Killed consumers give up their partitions after these (defaults 45 s and 5 s).
  'group.consumer.min.session.timeout.ms': 3000,
  'group.consumer.session.timeout.ms': 6000,
  'group.consumer.min.heartbeat.interval.ms': 500,
  'group.consumer.heartbeat.interval.ms': 1000,
  'group.min.session.timeout.ms': 3000,
  'group.initial.rebalance.delay.ms': 0,
  // Kafka 4.3 computes assignments in the background. One that is finished after a member has left still
  // assigns partitions to that member: seen with 4.3.1 under kills, where nobody got those partitions until
  // the broker restarted.
  'group.consumer.assignor.offload.enable': false,
  // Transactions of vanished producers hold back read_committed readers until this check (default 10 s)
  // notices that they have timed out.
  'transaction.abort.timed.out.transaction.cleanup.interval.ms': 1000,
  // Each partition costs a folder and its index files (defaults 50 and 50).
  'offsets.topic.num.partitions': 12,
  'transaction.state.log.num.partitions': 4,
  // With the default (128 MiB), this buffer would take a quarter of the heap. It holds the keys of compacted
  // topics, 24 bytes each, and these topics are far smaller here.
  'log.cleaner.dedupe.buffer.size': 16 << 20,
}

const secureSettings = ({
  keyFile,
  caFile,
  tokens,
  superUsers,
}: SecureListeners): Record<string, string> => ({
  'ssl.keystore.type': 'PEM',
  'ssl.keystore.location': keyFile,
  'ssl.truststore.type': 'PEM',
  'ssl.truststore.location': caFile,
  'ssl.principal.mapping.rules': 'RULE:^CN=([^,]+).*$/$1/',
  'listener.name.mtls.ssl.client.auth': 'required',
  // Amazon MSK with IAM also ends logins. Here it happens within seconds, so that clients can show that they
  // survive it.
  'connections.max.reauth.ms': '4000',
  'sasl.enabled.mechanisms': 'SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER',
  'listener.name.scram.sasl.enabled.mechanisms': 'SCRAM-SHA-256,SCRAM-SHA-512',
  'listener.name.scram.scram-sha-256.sasl.jaas.config':
    'org.apache.kafka.common.security.scram.ScramLoginModule required;',
  'listener.name.scram.scram-sha-512.sasl.jaas.config':
    'org.apache.kafka.common.security.scram.ScramLoginModule required;',
  'listener.name.iam.sasl.enabled.mechanisms': 'OAUTHBEARER',
  'listener.name.iam.oauthbearer.sasl.server.callback.handler.class': 'MskTokens',
  'listener.name.iam.oauthbearer.sasl.login.callback.handler.class': 'MskTokens',
  'listener.name.iam.oauthbearer.sasl.jaas.config':
    'org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required ' +
    `region="${tokens.region}" accessKeyId="${tokens.accessKeyId}" secretAccessKey="${tokens.secretAccessKey}";`,
  ...(superUsers !== undefined && {
    'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
    'super.users': superUsers.map((name) => `User:${name}`).join(';'),
    'listener.name.controller.ssl.client.auth': 'required',
  }),
})

const lines = (settings: Readonly<Record<string, unknown>>): string =>
  Object.entries(settings)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('')
