/** TLS and SASL as kafkajs' connections want them. */
import { generateAuthToken } from 'aws-msk-iam-sasl-signer-js'
import type { KafkaConfig, KafkaSasl, KafkaTls } from '../../config.ts'

export function tlsOptions(tls: KafkaTls | undefined): object | null {
  return tls === undefined ? null : { ca: tls.ca, cert: tls.cert, key: tls.key }
}

export function saslOptions(sasl: KafkaSasl | undefined): object | null {
  if (sasl === undefined) return null
  if (sasl.mechanism === 'msk-iam') return { mechanism: 'oauthbearer', oauthBearerProvider: tokens(sasl.region) }
  return { mechanism: sasl.mechanism, username: sasl.username, password: sasl.password }
}

/** A token serves every connection until a minute before it ends (MSK gives 15 minutes). */
function tokens(region: string): () => Promise<{ value: string }> {
  const SPARE = 60_000
  let value = ''
  let until = 0
  return async () => {
    if (Date.now() > until - SPARE) {
      const { token, expiryTime } = await generateAuthToken({ region })
      value = token
      until = expiryTime
    }
    return { value }
  }
}

/** Brokers as [host, port]; IPv6 hosts lose their brackets. */
export function seeds({ brokers }: Pick<KafkaConfig, 'brokers'>): [string, number][] {
  return brokers.map((broker) => {
    const colon = broker.lastIndexOf(':')
    return [broker.slice(0, colon).replace(/^\[|\]$/g, ''), Number(broker.slice(colon + 1))]
  })
}
