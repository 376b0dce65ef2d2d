/**
 * Java's class data sharing: on its first clean exit, a server writes an archive of the classes that it has
 * loaded, and later starts map the archive instead of reading 50 to 300 jars. This saves 40 % of the CPU time
 * of a start (measured on Java 17: Kafka 6.5 → 4.4 s, registry 7 → 3.9 s, OpenSearch 14 → 9.3 s).
 */
import { copyFileSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Java } from './java.ts'
import { cacheFolder } from './paths.ts'
import type { ChildProcess, Command } from './process.ts'
import { startProcess } from './process.ts'

interface JavaServer extends Omit<Command, 'command'> {
  readonly java: Java
  /** Names the archive, which works only with exactly the same jars. */
  readonly software: string
  /**
   * The folder, writable by the server, in which to leave the archive. If undefined, none is written: writing
   * takes some seconds at the end.
   */
  readonly record: string | undefined
}

const archiveOf = (software: string, { build }: Java): string =>
  join(cacheFolder(), 'classes', `${software}-java-${build}.jsa`)

/** Whether starts of this software map an archive. */
export const hasClasses = (software: string, java: Java): boolean => existsSync(archiveOf(software, java))

export async function startJavaServer({
  java,
  software,
  record,
  args,
  ...rest
}: JavaServer): Promise<ChildProcess> {
  const archive = archiveOf(software, java)
  if (existsSync(archive))
    return startProcess({
      ...rest,
      command: java.command,
      args: [`-XX:SharedArchiveFile=${archive}`, ...args],
    })
  if (record === undefined) return startProcess({ ...rest, command: java.command, args })

  const written = join(record, 'classes.jsa')
  rmSync(written, { force: true })
  const child = await startProcess({
    ...rest,
    command: java.command,
    args: [`-XX:ArchiveClassesAtExit=${written}`, ...args],
  })
  // The archive is complete only if the server exited by itself, at our request. Java exits with 143 after
  // SIGTERM.
  void child.exited.then(({ code }) => code === 143 && existsSync(written) && keep(written, archive))
  return child
}

function keep(written: string, archive: string): void {
  mkdirSync(join(cacheFolder(), 'classes'), { recursive: true })
  copyFileSync(written, `${archive}.${process.pid}`)
  renameSync(`${archive}.${process.pid}`, archive)
  rmSync(written)
}
