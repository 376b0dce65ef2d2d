/**
 * Runs once per vitest run, whatever the projects: tells tests where the shared servers are, and ends
 * everything that was started.
 */
import { openTestServers } from '@weir/testkit/open.ts'

export default async function setup(): Promise<() => Promise<void>> {
  const { stop } = await openTestServers()
  return stop
}
