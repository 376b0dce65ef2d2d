/**
 * Manhattan as a taxi sees it: avenues and streets at right angles, turned 29° from north. Distances are km
 * along the avenues (uptown) and across them (crosstown) from the Battery. They are accurate to about 100 m,
 * which is enough for the map and for naming zones.
 */
const BATTERY = { lat: 40.7033, lon: -74.017 }
const TURN = (29 * Math.PI) / 180
const KM_PER_DEGREE = 111.195
const KM_PER_DEGREE_EAST = KM_PER_DEGREE * Math.cos((BATTERY.lat * Math.PI) / 180)

export const UPTOWN_HEADING = 29
export const BLOCK_UPTOWN = 0.08
export const BLOCK_CROSSTOWN = 0.25

export function toPosition(uptown: number, crosstown: number): { lat: number; lon: number } {
  const north = uptown * Math.cos(TURN) - crosstown * Math.sin(TURN)
  const east = uptown * Math.sin(TURN) + crosstown * Math.cos(TURN)
  return { lat: BATTERY.lat + north / KM_PER_DEGREE, lon: BATTERY.lon + east / KM_PER_DEGREE_EAST }
}

interface Quarter {
  readonly id: string
  readonly name: string
  readonly uptown: readonly [number, number]
  readonly crosstown: readonly [number, number]
  /** The number of trips that begin and end here, relative to the other quarters. */
  readonly demand: number
}

const quarter = (
  name: string,
  south: number,
  north: number,
  west: number,
  east: number,
  demand: number,
): Quarter => ({
  id: name.toLowerCase().replace(/[^a-z]+/g, '-'),
  name,
  uptown: [south, north],
  crosstown: [west, east],
  demand,
})

export const quarters: readonly Quarter[] = [
  quarter('Financial District', 0, 1.4, -0.5, 1, 6),
  quarter('Tribeca', 1.4, 2.4, -0.9, 0.1, 3),
  quarter('Chinatown', 1.4, 2.4, 0.1, 1.6, 3),
  quarter('SoHo', 2.4, 3.2, -1, 0.3, 5),
  quarter('Lower East Side', 2.4, 3.2, 0.3, 2.1, 4),
  quarter('Greenwich Village', 3.2, 4.3, -1.3, 0.1, 6),
  quarter('East Village', 3.2, 4.3, 0.1, 1.9, 5),
  quarter('Chelsea', 4.3, 5.6, -1.5, -0.2, 7),
  quarter('Gramercy', 4.3, 5.6, -0.2, 1.6, 6),
  quarter('Hells Kitchen', 5.6, 7.6, -1.6, -0.7, 6),
  quarter('Midtown', 5.6, 7.6, -0.7, 0.5, 16),
  quarter('Midtown East', 5.6, 7.6, 0.5, 1.6, 9),
  quarter('Upper West Side', 7.6, 11.6, -1.7, -0.45, 8),
  quarter('Central Park', 7.6, 11.6, -0.45, 0.4, 0),
  quarter('Upper East Side', 7.6, 11.6, 0.4, 1.7, 9),
  quarter('Harlem', 11.6, 14, -1.7, 0.3, 3),
  quarter('East Harlem', 11.6, 14, 0.3, 1.6, 3),
]

/** The quarters as entries of the zones table. */
export const zonesSeed: Readonly<
  Record<string, { readonly name: string; readonly polygon: readonly (readonly [number, number])[] }>
> = Object.fromEntries(
  quarters.map(({ id, name, uptown: [south, north], crosstown: [west, east] }) => [
    id,
    {
      name,
      polygon: (
        [
          [south, west],
          [south, east],
          [north, east],
          [north, west],
        ] as const
      ).map(([up, across]) => {
        const { lat, lon } = toPosition(up, across)
        return [round(lon), round(lat)] as const
      }),
    },
  ]),
)

function round(degrees: number): number {
  return Math.round(degrees * 1e5) / 1e5
}
