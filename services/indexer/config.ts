import { readFileSync } from 'node:fs'
import { registryUrl } from '@weir/codec'
import type { ConfigReader } from '@weir/config'
import { kafkaConfig } from '@weir/kafka'
import { accessConfig, httpConfig } from '@weir/service'
import { deliveriesConfig } from './deliveries/config.ts'
import { ENGINES } from './engines/open.ts'

/** The configuration of the indexer, read from its environment. */
export const config = (reader: ConfigReader) => ({
  kafka: kafkaConfig(reader),
  registryUrl: registryUrl(reader),
  access: accessConfig(reader),
  solutions: reader.list(
    'WEIR_SOLUTIONS',
    'The solutions whose indices and pages are served here, by name. Empty: all.',
    '',
  ),
  search: {
    engine: reader.choice('SEARCH_ENGINE', 'The search engine at SEARCH_URL.', ENGINES, 'opensearch'),
    urls: searchUrls(reader),
    username: reader.optional('SEARCH_USERNAME', 'User of the search engine. Empty: no authentication.'),
    password: reader.secret('SEARCH_PASSWORD', 'Password of that user.'),
    ca: authorities(reader),
  },
  replicas: reader.integer(
    'SEARCH_REPLICAS',
    'Replicas of every shard besides the primary; 0 on a single node.',
    0,
    0,
    10,
  ),
  deliveries: deliveriesConfig(reader),
  http: httpConfig(reader, 8084),
})

function searchUrls(reader: ConfigReader): string[] {
  const urls = reader.list(
    'SEARCH_URL',
    'Nodes of the search engine, as URLs separated by commas.',
    'http://localhost:9200',
  )
  if (urls.length === 0) reader.problem('SEARCH_URL does not name a node; give at least one URL.')
  for (const url of urls) {
    if (!/^https?:$/.test(URL.parse(url)?.protocol ?? ''))
      reader.problem(`SEARCH_URL holds "${url}"; each node is a URL such as https://search-1:9200.`)
  }
  return urls
}

function authorities(reader: ConfigReader): string | undefined {
  const file = reader.optional(
    'SEARCH_CA',
    "File with the certificate authorities of the search engine (PEM). Unset: Node's own list.",
  )
  if (file === undefined) return undefined
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    reader.problem(
      `SEARCH_CA names ${file}, which cannot be read (${(error as NodeJS.ErrnoException).code}).`,
    )
    return undefined
  }
}
