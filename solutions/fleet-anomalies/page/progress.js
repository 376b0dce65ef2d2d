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
  const opened = found ? incidentsOf(incidents, found) : []
  const incident = opened[0]
  const delivery = incident && deliveryOf(deliveries, opened)
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

/** The incidents of a finding. The one that was opened first comes first. */
const incidentsOf = (incidents, { device, sensor, detector, since }) =>
  incidents
    .filter(
      ({ key, changedAt }) =>
        key === `${encodeURIComponent(device)}/${sensor}/${detector}` && changedAt >= since,
    )
    .sort((a, b) => a.openedAt - b.openedAt)

/** The first delivery of a message that opened one of the incidents. */
const deliveryOf = (deliveries, opened) =>
  deliveries.findLast(
    ({ messageId, outcome }) =>
      outcome === 'delivered' && opened.some((incident) => incident.messageId === messageId),
  )
