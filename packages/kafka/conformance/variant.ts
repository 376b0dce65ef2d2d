/** A transport with a group protocol. */
import type { KafkaConfig } from '../config.ts'

export interface Variant {
  readonly driver: KafkaConfig['driver']
  readonly groupProtocol: 'consumer' | 'classic'
}

export const VARIANTS: readonly Variant[] = [
  { driver: 'platformatic', groupProtocol: 'consumer' },
  { driver: 'platformatic', groupProtocol: 'classic' },
  { driver: 'kafkajs', groupProtocol: 'consumer' },
  { driver: 'kafkajs', groupProtocol: 'classic' },
]

export function nameOf({ driver, groupProtocol }: Variant): string {
  return `${driver}/${groupProtocol}`
}

export function configOf(
  variant: Variant,
  brokers: readonly string[],
  changes: Partial<KafkaConfig> = {},
): KafkaConfig {
  return {
    ...variant,
    brokers,
    compression: 'none',
    clientId: 'conformance',
    rack: undefined,
    instanceId: undefined,
    tls: undefined,
    sasl: undefined,
    ...changes,
  }
}
