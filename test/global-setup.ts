/**
 * Once per run of vitest, whatever the projects: where tests find the shared servers, and the end of all that
 * was started.
 */
import { openTestServers } from '@weir/testkit/open.ts'

export default async function setup(): Promise<() => Promise<void>> {
  const { stop } = await openTestServers()
  return stop
}
