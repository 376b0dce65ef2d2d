/** The text that `weir up` prints when all is ready: pages to open and endpoints to use. */
import { furtherPorts, SERVICES, services } from '@weir/contracts/services.ts'
import type { Solution } from '@weir/solutions'
import { furtherName, type PartName, type StackConfig } from '@weir/stack/config.ts'

type Row = readonly [part: PartName, url: string, what: string]

/** Lists the links of the solutions, and those of the platform, as far as their parts run here. */
export function summary(
  { parts, ports, tls, engine }: Pick<StackConfig, 'parts' | 'ports' | 'tls' | 'engine'>,
  solutions: readonly Solution[],
  seconds: number,
): string {
  const apis = SERVICES.flatMap((name) => services[name].apis).join(', ')
  const known: readonly Row[] = [
    [
      'gateway',
      `http://localhost:${ports.gateway}`,
      `AWS_ENDPOINT_URL for AWS clients: ${apis} (access key test, secret test)`,
    ],
    ['inbox', `http://localhost:${ports.inbox}`, 'the inbox: what subscribers of notifications get'],
    ['ingest-hub', `http://localhost:${ports['ingest-hub']}/openapi.json`, 'how to send records'],
    ['search', `http://localhost:${ports.search}`, engine === 'opensearch' ? 'OpenSearch' : 'Elasticsearch'],
    [
      'registry',
      `http://localhost:${ports.registry}/apis/ccompat/v7/subjects`,
      'contracts in the schema registry',
    ],
    ['kafka', `localhost:${ports.kafka}`, 'Kafka; see also `npx weir topics` and `npx weir tail TOPIC`'],
    ['redis', `localhost:${ports.redis}`, 'Redis'],
    [
      'objects',
      `http://localhost:${ports.objects}`,
      'AWS_ENDPOINT_URL_S3: objects, in the bucket weir; see `npx weir objects`',
    ],
  ]
  const landing: Row = ['console', `http://localhost:${ports.console}`, services.console.doc]
  const others = SERVICES.filter((name) => name !== 'console' && !known.some(([part]) => part === name))
  const own: readonly Row[] = [
    ...others.map((name): Row => [name, `http://localhost:${ports[name]}`, services[name].doc]),
    ...known,
    ...SERVICES.flatMap((service) =>
      furtherPorts(service)
        .filter((port) => tls || !port.tls)
        .map(
          ({ name, doc }): Row => [service, `${name}://localhost:${ports[furtherName(service, name)]}`, doc],
        ),
    ),
  ]
  const sections = [
    { title: 'Everything at a glance', rows: [landing] },
    ...solutions.map(({ name, title = name, links = [] }) => ({
      title,
      rows: links.map(({ at, path, doc }): Row => [at, `http://localhost:${ports[at]}${path}`, doc]),
    })),
    { title: 'Weir', rows: own },
  ]
    .map(({ title, rows }) => ({ title, rows: rows.filter(([part]) => parts.has(part)) }))
    .filter(({ rows }) => rows.length > 0)
  const width = Math.max(...sections.flatMap(({ rows }) => rows.map(([, url]) => url.length)))
  const text = sections
    .map(({ title, rows }) =>
      [title, ...rows.map(([, url, what]) => `  ${url.padEnd(width)}  ${what}`)].join('\n'),
    )
    .join('\n\n')
  return `\nReady in ${seconds.toFixed(1)} s.\n\n${text}\n`
}
