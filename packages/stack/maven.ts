/**
 * Fetches servers as Maven artifacts through the ordinary `mvn` client, with the repositories and proxy of
 * its settings.
 */

import type { ExecFileException } from 'node:child_process'
import { execFile } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { StackError } from './errors.ts'
import { cacheFolder } from './paths.ts'

/**
 * 2.8 is the last version whose goals take an artifact without resolving its parent POMs. Apicurio's parent
 * is not published.
 */
const PLUGIN = 'org.apache.maven.plugins:maven-dependency-plugin:2.8'

/**
 * Returns the folder `name` of the cache. If it is missing, `build` builds it, given an empty folder to fill
 * and a scratch folder for intermediate files. The folder appears whole or not at all. If two processes build
 * it at once, both use the one that is finished first.
 */
export async function cached(
  name: string,
  build: (folder: string, scratch: string) => Promise<void>,
): Promise<string> {
  const final = join(cacheFolder(), name)
  if (existsSync(final)) return final
  mkdirSync(cacheFolder(), { recursive: true })
  const temporary = mkdtempSync(join(cacheFolder(), '.building-'))
  try {
    const folder = join(temporary, 'result')
    const scratch = join(temporary, 'scratch')
    mkdirSync(folder)
    mkdirSync(scratch)
    await build(folder, scratch)
    chmodSync(folder, 0o755)
    try {
      renameSync(folder, final)
    } catch (error) {
      if (!existsSync(final)) throw error
    }
    return final
  } finally {
    rmSync(temporary, { recursive: true, force: true })
  }
}

/**
 * Downloads `group:artifact:version[:type[:classifier]]` and unpacks it (zip, tar.gz or jar) into `folder`.
 */
export async function unpackArtifact(artifact: string, folder: string, scratch: string): Promise<void> {
  await mvn(artifact, scratch, [`${PLUGIN}:unpack`, `-Dartifact=${artifact}`, `-DoutputDirectory=${folder}`])
}

/**
 * Downloads each set of artifacts (`group:artifact:version`) with their runtime dependencies, as jars in
 * `scratch/<name>/libs`. Runs Maven once for all sets.
 */
export async function downloadLibraries(
  sets: Readonly<Record<string, readonly string[]>>,
  scratch: string,
): Promise<void> {
  const names = Object.keys(sets)
  writeFileSync(
    join(scratch, 'pom.xml'),
    pom('libraries', `<modules>${names.map((name) => `<module>${name}</module>`).join('')}</modules>`),
  )
  for (const name of names) {
    mkdirSync(join(scratch, name))
    writeFileSync(
      join(scratch, name, 'pom.xml'),
      pom(name, `<dependencies>${sets[name]!.map(dependency).join('')}</dependencies>`),
    )
  }
  await mvn(Object.values(sets).flat().join(', '), scratch, [
    `${PLUGIN}:copy-dependencies`,
    '-DincludeScope=runtime',
    '-DoutputDirectory=libs',
  ])
}

const pom = (name: string, body: string): string =>
  '<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>' +
  `<groupId>weir</groupId><artifactId>${name}</artifactId><version>1</version><packaging>pom</packaging>${body}</project>`

const dependency = (artifact: string): string => {
  const [group, name, version] = artifact.split(':')
  return `<dependency><groupId>${group}</groupId><artifactId>${name}</artifactId><version>${version}</version></dependency>`
}

/** Runs Maven for up to 10 minutes: a slow connection takes that long for the 400 MB of all servers. */
function mvn(what: string, cwd: string, args: readonly string[]): Promise<void> {
  return new Promise((done, fail) => {
    const child = execFile(
      'mvn',
      ['--quiet', '--batch-mode', ...args],
      { cwd, timeout: 600_000, maxBuffer: 16 * 1024 * 1024 },
      (error, output) => {
        process.off('exit', end)
        if (error === null) done()
        else fail(explained(what, error, output))
      },
    )
    const end = (): void => {
      child.kill()
    }
    process.once('exit', end)
  })
}

function explained(what: string, { code, killed }: ExecFileException, output: string): StackError {
  if (code === 'ENOENT')
    return new StackError(
      'Maven (mvn) is not installed; install it, for example with your package manager (package maven).',
    )
  if (killed)
    return new StackError(
      `Maven could not download ${what} within 10 minutes; check the network and start again. Files that are already there are kept.`,
    )
  const cause = /^\[ERROR\] (.*)$/m.exec(output)?.[1] ?? `it ended with ${code}`
  return new StackError(`Maven could not download ${what}: ${cause.slice(0, 400)}`)
}
