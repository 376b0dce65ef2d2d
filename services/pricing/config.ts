import { awsAccessConfig, awsAccountConfig } from '@weir/aws'
import { registryUrl } from '@weir/codec'
import type { ConfigReader } from '@weir/config'
import { kafkaConfig } from '@weir/kafka'
import { accessConfig, httpConfig } from '@weir/service'
import { stateConfig } from '@weir/state'

/** The models of the solutions that come with Weir. */
const OWN_MODELS = 'ml/models'

/** The configuration of pricing, read from its environment. */
export const config = (reader: ConfigReader) => ({
  kafka: kafkaConfig(reader),
  registryUrl: registryUrl(reader),
  access: accessConfig(reader),
  awsAccess: awsAccessConfig(reader),
  account: awsAccountConfig(reader),
  state: stateConfig(reader),
  models: {
    place: reader.string(
      'MODELS',
      'Where models are: a folder, a file:// URL, or s3://BUCKET/PREFIX, with ENDPOINT/VERSION/model.onnx and card.json. A folder is relative to that of Weir. Every replica must find the same files.',
      OWN_MODELS,
    ),
    endpoint: reader.optional(
      'MODELS_ENDPOINT',
      "The endpoint that answers at /ping and /invocations, as a container of SageMaker's does. If not set, nothing does.",
    ),
  },
  memoryBytes:
    reader.integer(
      'PRICING_MEMORY_MB',
      'Memory for all requests together, MiB: bodies being read, and answers until they are read.',
      48,
      24,
      4096,
    ) << 20,
  solutions: reader.list(
    'WEIR_SOLUTIONS',
    'The solutions whose tables are filled here, by name. Empty: all.',
    '',
  ),
  http: httpConfig(reader, 8082),
})
