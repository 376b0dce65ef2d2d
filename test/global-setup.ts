/**
 * Runs once per vitest run, whatever the projects: tells tests where the shared servers are, and ends
 * everything that was started.
 */
import { openTestServers } from '@weir/testkit/open.ts'

/**
 * Java's second compiler makes code that runs fast after minutes. Servers of tests live for seconds, and it would
 * take a third of their CPU time.
 */
const JAVA_OPTIONS = '-XX:TieredStopAtLevel=1'

export default async function setup(): Promise<() => Promise<void>> {
  process.env.JDK_JAVA_OPTIONS ??= JAVA_OPTIONS
  const { stop } = await openTestServers()
  return stop
}
