/** The containers of a test run, found by their label. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

export const RUN_LABEL = 'weir.test.run'

/**
 * Removes the run's containers, including those that are still starting, and the run's network, which has the
 * run's name.
 */
export async function removeContainers(run: string): Promise<void> {
  const docker = async (...args: string[]): Promise<string> =>
    (await promisify(execFile)('docker', args)).stdout
  const ids = (await docker('ps', '--all', '--quiet', '--filter', `label=${RUN_LABEL}=${run}`))
    .split('\n')
    .filter(Boolean)
  if (ids.length > 0) await docker('rm', '--force', '--volumes', ...ids)
  const networks = (await docker('network', 'ls', '--quiet', '--filter', `name=${run}`))
    .split('\n')
    .filter(Boolean)
  if (networks.length > 0) await docker('network', 'rm', ...networks)
}
