/**
 * Elasticsearch: the core distribution, one node, no security. It refuses to run as root, so root starts it
 * as nobody.
 */
import { chmodSync, cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { findJava } from '../java.ts'
import { cached, unpackArtifact } from '../maven.ts'
import { answers, startProcess, untilReady } from '../process.ts'
import type { Server } from '../server.ts'
import { running } from '../server.ts'
import { unprivilegedUser } from '../unprivileged.ts'
import { versions } from '../versions.ts'
import type { SearchOptions } from './opensearch.ts'
import { prepareFolders } from './opensearch.ts'

const distribution = (): Promise<string> =>
  cached(`elasticsearch-${versions.elasticsearch}`, async (folder, scratch) => {
    await unpackArtifact(
      `org.elasticsearch.distribution.integ-test-zip:elasticsearch:${versions.elasticsearch}:zip`,
      scratch,
      scratch,
    )
    cpSync(join(scratch, `elasticsearch-${versions.elasticsearch}`), folder, { recursive: true })
    for (const script of ['elasticsearch', 'elasticsearch-cli', 'elasticsearch-env'])
      chmodSync(join(folder, 'bin', script), 0o755)
  })

export const elasticsearch: Server<SearchOptions> = {
  name: 'elasticsearch',

  async prepare() {
    await distribution()
  },

  async start({ port, data, log }) {
    const home = await distribution()
    const { config, temporary } = await prepareFolders(data, port, 'elasticsearch.yml', [
      'xpack.security.enabled: false',
    ])
    // The launcher passes settings to the server over a pipe, so we cannot bypass it as we do OpenSearch's.
    // It insists on this file.
    writeFileSync(
      join(config, 'jvm.options'),
      withoutCollector(readFileSync(join(home, 'config/jvm.options'), 'utf8')),
    )
    const child = await startProcess({
      name: 'elasticsearch',
      command: join(home, 'bin/elasticsearch'),
      args: [],
      log,
      cwd: data,
      user: unprivilegedUser(),
      env: {
        ...process.env,
        ES_JAVA_HOME: findJava().home,
        ES_PATH_CONF: config,
        ES_TMPDIR: temporary,
        ES_JAVA_OPTS: '-Xms512m -Xmx512m -XX:+UseSerialGC',
        CLI_JAVA_OPTS: '-Xmx64m -XX:+UseSerialGC',
      },
    })
    const url = `http://127.0.0.1:${port}`
    return running(
      child,
      url,
      untilReady(child, () => answers(`${url}/_cluster/health?wait_for_status=yellow&timeout=1s`)),
    )
  },
}

/**
 * Removes the options of the collector and its log. A heap this small does better with the serial collector,
 * and Java refuses two collectors.
 */
const withoutCollector = (options: string): string =>
  options
    .split('\n')
    .filter((line) => !/G1|-Xlog:gc/.test(line))
    .join('\n')
