/** A transport with a group protocol. */
import type { KafkaConfig } from '../config.ts'

export interface Variant {
  readonly driver: KafkaConfig['driver']
  readonly groupProtocol: 'consumer' | 'classic'
}

const ALL: readonly Variant[] = [
  { driver: 'platformatic', groupProtocol: 'consumer' },
  { driver: 'kafkajs', groupProtocol: 'classic' },
  { driver: 'platformatic', groupProtocol: 'classic' },
  { driver: 'kafkajs', groupProtocol: 'consumer' },
]

/**
 * Two of the four cover both transports and both protocols, which are independent of each other.
 * WEIR_FAULTS=long runs all.
 */
export const VARIANTS = process.env.WEIR_FAULTS === 'long' ? ALL : ALL.slice(0, 2)

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
