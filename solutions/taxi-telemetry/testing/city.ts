/** Documents as the enricher and the indexer would write them, from the simulator's reports. */

import type { Source } from '@weir/flow'
import { addState, addZone } from '../flow.ts'
import type { TaxiEnriched, TaxiTelemetry } from '../generated/types.ts'
import { taxiIndex } from '../index-definition.ts'
import { zonesSeed } from '../manhattan.ts'
import { simulator } from '../simulator.ts'

type Document = Record<string, unknown>

export interface City {
  /** Returns the documents of the time since the last call. */
  next(now: number): Document[]
}

export function openCity(taxis: number): City {
  const world = simulator.world({ devices: taxis, seed: 7 })
  const zone = addZone({ version: 1, entries: new Map(Object.entries(zonesSeed)) })
  return {
    next: (now) =>
      (world.next(now) as unknown as TaxiTelemetry[]).map((report) => {
        const source = { timestamps: [report.eventTime] } as unknown as Source
        return taxiIndex.document(addState(zone(report, 0, source) as never, 0, source) as TaxiEnriched, {
          id: `${report.deviceId}-${report.eventTime}`,
          source: 'simulator',
        })
      }),
  }
}
