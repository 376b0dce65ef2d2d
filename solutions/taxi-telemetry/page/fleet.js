/** The taxis of a snapshot, from its columns. */

/** The flow's states; all charts and tables use this order. `key` names the colour. */
export const STATES = [
  { id: 'OCCUPIED', key: 'occupied', name: 'With passengers' },
  { id: 'MOVING', key: 'moving', name: 'Vacant, driving' },
  { id: 'IDLE', key: 'idle', name: 'Vacant, standing' },
  { id: 'UNKNOWN', key: 'unknown', name: 'Unknown' },
]

const byId = new Map(STATES.map((state) => [state.id, state]))
export const stateOf = (id) => byId.get(id) ?? STATES[3]

/** @returns {{ id, lon, lat, state, speed, heading, zone: { id, name } }[]} */
export function taxisOf({ taxis, zones }) {
  return taxis.id.map((id, i) => ({
    id,
    lon: taxis.lon[i],
    lat: taxis.lat[i],
    state: stateOf(taxis.state[i]),
    speed: taxis.speed[i],
    heading: taxis.heading[i],
    zone: zones[taxis.zone[i]],
  }))
}

/** Taxis by state, in the order of STATES; the unknown state only if it has taxis. */
export function byState(taxis) {
  return STATES.map((state) => ({
    ...state,
    taxis: taxis.filter((taxi) => taxi.state === state).length,
  })).filter(({ id, taxis }) => id !== 'UNKNOWN' || taxis > 0)
}

/**
 * The zones that have taxis, the fullest first: { id, name, taxis, occupied, speed } with the mean speed in
 * km/h.
 */
export function byZone(taxis) {
  const groups = Map.groupBy(taxis, ({ zone }) => zone.id)
  return [...groups.values()]
    .map((group) => ({
      id: group[0].zone.id,
      name: group[0].zone.name,
      taxis: group.length,
      occupied: group.filter(({ state }) => state.id === 'OCCUPIED').length,
      speed: mean(group.map((taxi) => taxi.speed)),
    }))
    .sort((a, b) => b.taxis - a.taxis || (a.id < b.id ? -1 : 1))
}

/** The mean; 0 for an empty list. */
export function mean(values) {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length
}
