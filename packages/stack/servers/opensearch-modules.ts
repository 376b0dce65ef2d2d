/**
 * The modules that the core distribution lacks, assembled from their published jars with the layout of the
 * full distribution.
 */
import { copyFileSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { versions } from '../versions.ts'

interface Module {
  readonly name: string
  readonly artifact: string
  readonly className: string
  /** The module whose classes this one sees. That module's jars are not copied again. */
  readonly extends?: 'lang-painless'
  /** Permissions of plugin-security.policy. */
  readonly permissions?: readonly string[]
}

export const modules: readonly Module[] = [
  {
    name: 'lang-painless',
    artifact: 'lang-painless',
    className: 'org.opensearch.painless.PainlessPlugin',
    permissions: [
      'java.lang.RuntimePermission "createClassLoader"',
      'java.lang.RuntimePermission "getClassLoader"',
    ],
  },
  {
    name: 'ingest-common',
    artifact: 'ingest-common',
    className: 'org.opensearch.ingest.common.IngestCommonPlugin',
    extends: 'lang-painless',
  },
  { name: 'geo', artifact: 'geo', className: 'org.opensearch.geo.GeoModulePlugin' },
  {
    name: 'reindex',
    artifact: 'reindex-client',
    className: 'org.opensearch.index.reindex.ReindexPlugin',
    permissions: ['java.net.SocketPermission "*", "connect"'],
  },
  {
    name: 'mapper-extras',
    artifact: 'mapper-extras-client',
    className: 'org.opensearch.index.mapper.MapperExtrasPlugin',
  },
]

/** Jars that the core already has, in another version. Two versions would be refused as "jar hell". */
const OF_THE_CORE = /^(lucene-|log4j-|jackson-|RoaringBitmap|HdrHistogram|error_prone|lz4|jspecify)/
const OF_PAINLESS = /^(lang-painless|asm|antlr4|opensearch-scripting-painless-spi)/

export function writeModule(module: Module, jars: string, folder: string, inCore: ReadonlySet<string>): void {
  mkdirSync(folder, { recursive: true })
  for (const jar of readdirSync(jars)) {
    if (inCore.has(jar) || OF_THE_CORE.test(jar) || (module.extends && OF_PAINLESS.test(jar))) continue
    copyFileSync(join(jars, jar), join(folder, jar))
  }
  writeFileSync(
    join(folder, 'plugin-descriptor.properties'),
    [
      `description=${module.name}`,
      `version=${versions.opensearch}`,
      `name=${module.name}`,
      `classname=${module.className}`,
      'java.version=11',
      `opensearch.version=${versions.opensearch}`,
      'custom.foldername=',
      `extended.plugins=${module.extends ?? ''}`,
      'has.native.controller=false',
      '',
    ].join('\n'),
  )
  if (!module.permissions) return
  writeFileSync(
    join(folder, 'plugin-security.policy'),
    `grant {\n${module.permissions.map((permission) => `  permission ${permission};\n`).join('')}};\n`,
  )
}
