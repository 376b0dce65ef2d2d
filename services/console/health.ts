/** The health of all other services, from their /readyz. */
import { withoutPasswords } from '@weir/config'
import { type Service, services } from '@weir/contracts/services.ts'
import { probeService, type State } from '@weir/service/probe.ts'
import { remedyFor } from './remedies.ts'

export interface ServiceHealth {
  readonly name: Service
  /** A few words about the service, from the table of services. */
  readonly does: string
  readonly url: string
  readonly state: State
  /** Why it is not ready; empty if it is. */
  readonly reason: string
  /** Its remedy, a sentence; null if it is ready. */
  readonly remedy: string | null
}

/** Shorter than the interval between two rounds, so that a service that is silent is shown within seconds. */
const TIMEOUT_MS = 1800
const MAX_REASON = 500

export const probeServices = (
  others: readonly { readonly name: Service; readonly url: string }[],
): Promise<ServiceHealth[]> =>
  Promise.all(
    others.map(async ({ name, url }) => {
      const probed = await probeService(url, TIMEOUT_MS)
      const shown = withoutPasswords(url)
      return {
        name,
        does: services[name].doc,
        url: shown,
        state: probed.state,
        reason: probed.reason.slice(0, MAX_REASON),
        remedy: remedyFor(name, shown, probed) ?? null,
      }
    }),
  )
