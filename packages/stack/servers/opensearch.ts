/**
 * OpenSearch: the core distribution with the modules that Weir uses, one node, no security plugin. It refuses
 * to run as root, so root starts it as nobody.
 */
import { cpSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { findJava } from '../java.ts'
import { cached, downloadLibraries, unpackArtifact } from '../maven.ts'
import { freePorts } from '../ports.ts'
import { answers, untilReady } from '../process.ts'
import type { Place, Server } from '../server.ts'
import { running } from '../server.ts'
import { startJavaServer } from '../shared-classes.ts'
import { giveFolder, unprivilegedUser } from '../unprivileged.ts'
import { versions } from '../versions.ts'
import { modules, writeModule } from './opensearch-modules.ts'

export interface SearchOptions extends Place {
  readonly port: number
}

const distribution = (): Promise<string> =>
  cached(`opensearch-${versions.opensearch}`, async (folder, scratch) => {
    await unpackArtifact(
      `org.opensearch.distribution.integ-test-zip:opensearch:${versions.opensearch}:zip`,
      scratch,
      scratch,
    )
    const home = join(scratch, `opensearch-${versions.opensearch}`)
    const inCore = new Set(readdirSync(join(home, 'lib')))
    const libraries = Object.fromEntries(
      modules.map(({ name, artifact }) => [
        name,
        [`org.opensearch.plugin:${artifact}:${versions.opensearch}`],
      ]),
    )
    await downloadLibraries(libraries, scratch)
    for (const module of modules)
      writeModule(module, join(scratch, module.name, 'libs'), join(home, 'modules', module.name), inCore)
    cpSync(home, folder, { recursive: true })
  })

/**
 * The options that bin/opensearch would pass on Java 17, without the two extra Java processes that it starts
 * to determine them.
 */
const JVM = [
  '-Xms512m',
  '-Xmx512m',
  '-XX:MaxDirectMemorySize=256m',
  '-XX:+UseSerialGC',
  '-Xss1m',
  '-XX:+ExitOnOutOfMemoryError',
  '-XX:-OmitStackTraceInFastThrow',
  '-Djava.awt.headless=true',
  '-Dfile.encoding=UTF-8',
  '-Djna.nosys=true',
  '-Djava.locale.providers=SPI,COMPAT',
  '-Djava.security.manager=allow',
  '-Dio.netty.noUnsafe=true',
  '-Dio.netty.noKeySetOptimization=true',
  '-Dio.netty.recycler.maxCapacityPerThread=0',
  '-Dio.netty.allocator.numDirectArenas=0',
  '-Dlog4j.shutdownHookEnabled=false',
  '-Dlog4j2.disable.jmx=true',
  '-Dopensearch.networkaddress.cache.ttl=60',
  '-Djava.util.concurrent.ForkJoinPool.common.threadFactory=org.opensearch.secure_sm.SecuredForkJoinWorkerThreadFactory',
]

const LOGGING = `appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = [%d{ISO8601}] %p %c{1.} %m%n
rootLogger.level = warn
rootLogger.appenderRef.console.ref = console
`

export const opensearch: Server<SearchOptions> = {
  name: 'opensearch',

  async prepare() {
    await distribution()
  },

  async start({ port, data, log, recordClasses }) {
    const home = await distribution()
    const folders = await prepareFolders(data, port, 'opensearch.yml')
    const child = await startJavaServer({
      name: 'opensearch',
      java: findJava(),
      software: `opensearch-${versions.opensearch}`,
      record: recordClasses ? data : undefined,
      log,
      cwd: data,
      user: unprivilegedUser(),
      args: [
        ...JVM,
        `-Djava.io.tmpdir=${folders.temporary}`,
        `-Dopensearch.path.home=${home}`,
        `-Dopensearch.path.conf=${folders.config}`,
        '-Dopensearch.distribution.type=zip',
        '-Dopensearch.bundled_jdk=false',
        '-cp',
        `${home}/lib/*`,
        'org.opensearch.bootstrap.OpenSearch',
      ],
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
 * Makes a search engine without passwords refuse requests of web pages. With CORS on, it answers an `Origin` that
 * is not allowed with 403 before it does anything, and none is allowed.
 */
export const NO_PAGES = { 'http.cors.enabled': 'true' } as const

/**
 * Creates the folders of a search engine's node, owned by its user, and writes its settings. Both engines
 * understand these settings.
 */
export async function prepareFolders(
  data: string,
  port: number,
  settingsFile: string,
  more: readonly string[] = [],
): Promise<{ config: string; temporary: string }> {
  const config = join(data, 'config')
  const temporary = join(data, 'tmp')
  for (const folder of [config, temporary, join(data, 'nodes')]) mkdirSync(folder, { recursive: true })
  const [transportPort] = await freePorts(1)
  writeFileSync(
    join(config, settingsFile),
    [
      'cluster.name: weir',
      'node.name: weir',
      'discovery.type: single-node',
      'network.host: 127.0.0.1',
      `http.port: ${port}`,
      `transport.port: ${transportPort}`,
      `path.data: ${join(data, 'nodes')}`,
      `path.logs: ${join(data, 'logs')}`,
      ...Object.entries(NO_PAGES).map(([name, value]) => `${name}: ${value}`),
      // A laptop's disk is fuller than a server's: at 95 % the engine would make every index read-only.
      'cluster.routing.allocation.disk.threshold_enabled: false',
      ...more,
      '',
    ].join('\n'),
  )
  if (!existsSync(join(config, 'log4j2.properties')))
    writeFileSync(join(config, 'log4j2.properties'), LOGGING)
  giveFolder(data, unprivilegedUser())
  return { config, temporary }
}
