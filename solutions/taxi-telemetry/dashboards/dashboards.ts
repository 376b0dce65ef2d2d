/**
 * The files of saved objects, by name. `node solutions/taxi-telemetry/dashboards/generate.ts` writes them; a test keeps them in
 * step with this module.
 */
import { map as kibanaMap } from './kibana-map.ts'
import { dashboard, indexPattern, map, type Place, type SavedObject, visualization } from './saved-objects.ts'
import { demand, heat, places, speeds, states, trips } from './visualizations.ts'

const place = (x: number, y: number, w: number, h: number): Place => ({ x, y, w, h })

const STATES = [visualization(states), place(32, 0, 16, 13)] as const
const SPEEDS = [visualization(speeds), place(32, 13, 16, 13)] as const
const TRIPS = [visualization(trips), place(0, 26, 24, 14)] as const
const DEMAND = [visualization(demand), place(24, 26, 24, 14)] as const

const withDashboard = (
  panels: readonly (readonly [SavedObject, Place])[],
  version: string,
): SavedObject[] => [indexPattern, ...panels.map(([object]) => object), dashboard(panels, version)]

export const files: Readonly<Record<string, readonly SavedObject[]>> = {
  'opensearch-dashboards.ndjson': withDashboard(
    [
      [visualization(places), place(0, 0, 16, 26)],
      [visualization(heat), place(16, 0, 16, 26)],
      STATES,
      SPEEDS,
      TRIPS,
      DEMAND,
    ],
    '2.19.0',
  ),
  'kibana.ndjson': withDashboard(
    [[map(kibanaMap), place(0, 0, 32, 26)], STATES, SPEEDS, TRIPS, DEMAND],
    '7.9.3',
  ),
}

export const ndjson = (objects: readonly SavedObject[]): string =>
  objects.map((object) => `${JSON.stringify(object)}\n`).join('')
