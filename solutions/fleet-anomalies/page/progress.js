/** How far a deviation has come: from the sensor to the messages, and to the end. */

/** How long detectors wait before a deviation, or the silence of a truck, is a finding. */
const DEVIATION_MS = 10_000
const SILENCE_MS = 30_000
/** The deviation that a visitor still wants to see after it has ended. */
const RECENT_MS = 120_000

/**
 * @param since when the truck's temperature left its band, or the truck fell silent, in ms, or null
 * @returns the steps { name, at, isDone, dueAt } with the ms since the epoch, or null if it is not known; no
 * steps if nothing has happened and no fault is on
 */
export function progressOf({ id, fault }, { findings, incidents, deliveries }, since, time) {
  const own = findings.filter(({ device }) => device === id)
  // Of several sensors, the one that deviated first.
  const finding =
    own.findLast(({ status }) => status === 'open') ?? own.find(({ until }) => time - until < RECENT_MS)
  // A new fault begins a new story: the finding of the one before has ended.
  const isOld = finding?.status === 'resolved' && (fault !== null || since !== null)
  const found = isOld ? undefined : finding
  if (!found && fault === null && since === null) return []
  const incident = found && incidentOf(incidents, found)
  const delivery = incident && deliveryOf(deliveries, incident)
  const isResolved = found?.status === 'resolved'
  const dueAt = since === null ? null : since + (fault === 'silence' ? SILENCE_MS : DEVIATION_MS)
  const step = (name, at, isDone = at !== null) => ({ name, at, isDone, dueAt: null })
  return [
    step('Deviates', found?.since ?? since),
    { ...step('Finding', null, found !== undefined), dueAt },
    step('Incident', incident?.openedAt ?? null),
    step('Message', delivery?.at ?? null),
    step('Resolved', isResolved ? found.until : null, isResolved),
  ]
}

/** Drivers and the fleet team have an incident each: the first of them. */
const incidentOf = (incidents, { device, sensor, since }) =>
  incidents
    .filter(({ key, changedAt }) => key === `${device}/${sensor}` && changedAt >= since)
    .sort((a, b) => a.openedAt - b.openedAt)[0]

/** The first message that arrived after the incident was opened. */
const deliveryOf = (deliveries, { topic, openedAt }) =>
  deliveries.findLast((one) => one.topic === topic && one.outcome === 'delivered' && one.at >= openedAt)
