/** The incidents of the fleet: those that are not resolved, and the last that were. */
import { incidentRow } from '../kit/incidents.js'
import { openRows, showSentence } from '../kit/rows.js'

export function openIncidents(document) {
  const [how, note, list] = ['incidents-how', 'incidents-note', 'incident-list'].map((id) =>
    document.getElementById(id),
  )
  const fill = openRows(
    list,
    ({ id }) => id,
    () => incidentRow({ label: 'Message' }),
  )
  return {
    show: ({ incidents }, time) => {
      how.hidden = incidents.length === 0
      showSentence(
        note,
        incidents.length === 0 ? 'There is no incident. A finding opens one for driver and fleet team.' : '',
      )
      fill(incidents, time)
    },
  }
}
