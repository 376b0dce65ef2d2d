/** Makes `servers` work in this process and its children. Starts nothing until a test asks for it. */
import { nativeServers, type SharedServers } from '@weir/stack/shared-servers.ts'
import { openCoordinator } from './coordinator.ts'
import { COORDINATOR } from './servers.ts'

export async function openTestServers(): Promise<{ stop(): Promise<void> }> {
  const { url, stop } = await openCoordinator(chosenServers)
  process.env[COORDINATOR] = url
  return { stop }
}

/**
 * Chooses by WEIR_TEST_MODE: `native`, `containers`, or `auto` (default), which uses containers if a Docker
 * engine already has all images.
 */
async function chosenServers(): Promise<SharedServers> {
  const mode = process.env.WEIR_TEST_MODE || 'auto'
  if (!['native', 'containers', 'auto'].includes(mode))
    throw new Error(`WEIR_TEST_MODE is "${mode}"; it must be native, containers or auto.`)
  if (mode === 'native') return nativeServers()
  const { containerServers, imagesAreHere } = await import('./containers.ts')
  return mode === 'containers' || (await imagesAreHere()) ? containerServers() : nativeServers()
}
