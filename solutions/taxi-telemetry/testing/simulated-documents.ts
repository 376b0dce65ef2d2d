/** Documents as the enricher and the indexer would write them, from the simulator's reports. */

import type { Source } from '@weir/flow'
import { addState, addZone } from '../flow.ts'
import type { TaxiEnriched, TaxiTelemetry } from '../generated/types.ts'
import { taxiIndex } from '../index-definition.ts'
import { zonesSeed } from '../manhattan.ts'
import { simulator } from '../simulator.ts'

type Document = Record<string, unknown>

export interface SimulatedDocuments {
  /** Returns the documents since the last call. @param now ms since the epoch */
  next(now: number): Document[]
}

export function simulateDocuments(taxis: number): SimulatedDocuments {
  const world = simulator.world({ devices: taxis, seed: 7 })
  const withZone = addZone({ version: 1, entries: new Map(Object.entries(zonesSeed)) })
  return {
    next: (now) =>
      (world.next(now) as unknown as TaxiTelemetry[]).map((report) => {
        const source = { timestamps: [report.eventTime] } as unknown as Source
        return taxiIndex.document(addState(withZone(report, 0, source) as never, 0, source) as TaxiEnriched, {
          id: `${report.deviceId}-${report.eventTime}`,
          source: 'simulator',
        })
      }),
  }
}
