/** The page: one snapshot a second goes to every panel. */
import { taxisOf } from './fleet.js'
import { openStages } from './kit/stages.js'
import { openStatus } from './kit/status.js'
import { openStream } from './kit/stream.js'
import { colours, openThemeButton } from './kit/theme.js'
import { openFigures } from './panels/figures.js'
import { openMapPanel } from './panels/map.js'
import { openSpeeds } from './panels/speeds.js'
import { openStates } from './panels/states.js'
import { openTrips } from './panels/trips.js'
import { openZones } from './panels/zones.js'

const STAGES = [
  { prefix: 'ingest-hub.', name: 'Ingest hub', does: 'receives reports' },
  { prefix: 'enricher.', name: 'Enricher', does: 'adds zone and state' },
  { prefix: 'indexer.', name: 'Indexer', does: 'makes them searchable' },
]
const taxiColours = () => colours('occupied', 'moving', 'idle', 'unknown', 'demand', 'demand-strong')

const status = openStatus(document)
const figures = openFigures(document)
const states = openStates(document)
const speeds = openSpeeds(document)
const trips = openTrips(document)
const pipeline = openStages(document.getElementById('stages'), STAGES)
const zones = openZones(document, (zone) => map.lookAt(zone))
const map = openMapPanel(document, { colours: taxiColours(), left: () => zones.clear() })

openThemeButton(document.getElementById('theme'), () => {
  const next = taxiColours()
  for (const panel of [states, speeds, trips, map]) panel.setColours(next)
})

openStream('live', {
  state: (state) => status.connection(state),
  snapshot: ({ time, data, trouble, stages }) => {
    status.trouble(trouble, time)
    pipeline.show(stages)
    if (!data) return
    const taxis = taxisOf(data)
    figures.show(taxis, data.lastMinute)
    states.show(taxis)
    speeds.show(data.lastMinute.speeds)
    trips.show(data.lastHalfHour.minutes)
    zones.show(taxis)
    map.show(taxis, data, time)
  },
})
