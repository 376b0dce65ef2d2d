/** The Java that runs the servers: JAVA_HOME's, or else the one on the PATH. */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, realpathSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { StackError } from './errors.ts'

/** Kafka 4 brokers need Java 17. */
export const MIN_JAVA = 17

export interface Java {
  readonly command: string
  /** The value that JAVA_HOME would have. */
  readonly home: string
  readonly major: number
  /** Identifies this build of Java: no other build has the same value. */
  readonly build: string
}

/** Throws a StackError that says what to install if Java is missing or too old. */
export function findJava(env: NodeJS.ProcessEnv = process.env): Java {
  const candidates = [
    ...(env.JAVA_HOME ? [join(env.JAVA_HOME, 'bin')] : []),
    ...(env.PATH ?? '').split(delimiter),
  ].map((folder) => join(folder, 'java'))
  const command = candidates.find((path) => existsSync(path))
  if (command === undefined)
    throw new StackError(
      `Java is not installed; install Java ${MIN_JAVA} or newer (for example openjdk-17-jre-headless), or set JAVA_HOME.`,
    )
  const release = execFileSync(command, ['--version'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const major = Number(/^(?:openjdk|java) (\d+)/m.exec(release)?.[1] ?? 0)
  if (major < MIN_JAVA)
    throw new StackError(
      `${command} is Java ${major || 'of an unknown version'}: install Java ${MIN_JAVA} or newer and set JAVA_HOME to it.`,
    )
  return {
    command,
    home: dirname(dirname(realpathSync(command))),
    major,
    // Without the line of the VM, which names modes that options choose.
    build: createHash('sha256').update(release.split('\n').slice(0, 2).join()).digest('hex').slice(0, 12),
  }
}
