/** The trucks of a snapshot, each with its state: what the map, the list and the figures have in common. */

/** A truck reports once a second and more. */
export const SILENT_MS = 30_000

/** The states, in the order of the list. `key` names the colour and the shape, `badge` the kit's badge. */
export const STATES = [
  { key: 'finding', name: 'Finding open', short: 'Finding', badge: 'silent' },
  { key: 'outside', name: 'Outside the normal band', short: 'Outside', badge: 'behind' },
  { key: 'silent', name: 'Silent', short: 'Silent', badge: 'idle' },
  { key: 'expected', name: 'As expected', short: 'Expected', badge: 'good' },
]
const [FINDING, OUTSIDE, SILENT, EXPECTED] = STATES
const UNKNOWN_BAND = { low: null, high: null }
const names = new Intl.Collator('en', { numeric: true })

/** The data with findings and deliveries in the order of time, the newest first: topics have many partitions. */
export const inTime = (data) => ({
  ...data,
  findings: data.findings.toSorted((a, b) => b.since - a.since),
  deliveries: data.deliveries.toSorted((a, b) => b.at - a.at),
})

/**
 * Adds to each truck its cargo (null if its class is not known), its open findings, its normal bands and its
 * state.
 */
export function fleetOf({ classes, trucks, findings }, time) {
  const open = Map.groupBy(
    findings.filter(({ status }) => status === 'open'),
    ({ device }) => device,
  )
  return trucks.map((truck) => {
    const cargo = Object.hasOwn(classes, truck.cargoClass) ? classes[truck.cargoClass] : null
    const known = { ...truck, cargo, bands: bandsOf(cargo), open: open.get(truck.id) ?? [] }
    return { ...known, state: stateOf(known, time) }
  })
}

/** The normal temperatures of each sensor, { low, high } in °C; null where there is no limit. */
export function bandsOf(cargo) {
  if (cargo === null) return { engine: UNKNOWN_BAND, container: UNKNOWN_BAND }
  return {
    engine: { low: null, high: cargo.engineHigh },
    container: { low: cargo.containerLow, high: cargo.containerHigh },
  }
}

export const isOutside = (value, { low, high }) =>
  value !== null && ((low !== null && value < low) || (high !== null && value > high))

/** Temperatures come first: a truck that burned before it fell silent still has the finding of the fire. */
function stateOf({ at, engine, container, bands, open }, time) {
  if (open.some(({ detector }) => detector !== 'missing-data')) return FINDING
  if (open.length > 0 || time - at > SILENT_MS) return SILENT
  return isOutside(engine, bands.engine) || isOutside(container, bands.container) ? OUTSIDE : EXPECTED
}

/** The trucks in the order of the list: those that need attention first, then by name. */
export function inOrder(fleet) {
  const groups = Map.groupBy(fleet, ({ state }) => state)
  return STATES.flatMap((state) => (groups.get(state) ?? []).sort((a, b) => names.compare(a.id, b.id)))
}

/** The number of trucks in each state, by its key. */
export function countsOf(fleet) {
  const counts = Object.fromEntries(STATES.map(({ key }) => [key, 0]))
  for (const { state } of fleet) counts[state.key]++
  return counts
}

/** The truck to show: the chosen one, else the first that deviates, else the first; undefined without trucks. */
export function truckToShow(ordered, chosen) {
  return chosen === null ? ordered[0] : ordered.find(({ id }) => id === chosen)
}
