import { kafkaConfig } from '@weir/kafka'
import type { ConfigReader } from '@weir/service'

/** Everything the ingest-hub can be told by its environment. */
export function config(reader: ConfigReader) {
  const keysFile = reader.optional('HUB_API_KEYS_FILE',
    'File of the API keys: [{ "name", "sha256" of the key in hex, "topics": ["taxi.*"] }]. Read again when it changes.')
  const anonymous = reader.flag('HUB_ANONYMOUS', 'Whether clients without an API key may write to every topic that has a door.', false)
  if (keysFile === undefined && !anonymous) {
    reader.problem('HUB_API_KEYS_FILE is not set, so nobody could write; name a file of keys, or set HUB_ANONYMOUS=true to let everybody in.')
  }
  return {
    kafka: kafkaConfig(reader),
    registryUrl: reader.string('REGISTRY_URL', 'The schema registry, Confluent API.', 'http://localhost:8181/apis/ccompat/v7'),
    access: { keysFile, anonymous },
    memoryBytes: reader.integer('HUB_MEMORY_MB',
      'What requests being read and records not yet stored may take together, MiB; more is answered with 429.', 24, 12, 4096) << 20,
    http: {
      host: reader.string('HTTP_HOST', 'The address to listen at.', '0.0.0.0'),
      port: reader.port('HTTP_PORT', 'The port of the HTTP door, health and metrics.', 8080),
    },
  }
}
