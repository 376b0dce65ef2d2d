/** The page: one snapshot a second goes to every panel. */
import { taxisOf } from './fleet.js'
import { openFigures } from './panels/figures.js'
import { openMapPanel } from './panels/map.js'
import { openPipeline } from './panels/pipeline.js'
import { openSpeeds } from './panels/speeds.js'
import { openStates } from './panels/states.js'
import { openStatus } from './panels/status.js'
import { openTrips } from './panels/trips.js'
import { openZones } from './panels/zones.js'
import { openStream } from './stream.js'
import { colours, openTheme } from './theme.js'

const status = openStatus(document)
const figures = openFigures(document)
const states = openStates(document)
const speeds = openSpeeds(document)
const trips = openTrips(document)
const pipeline = openPipeline(document.getElementById('stages'))
const zones = openZones(document, (zone) => map.lookAt(zone))
const map = openMapPanel(document, { colours: colours(), left: () => zones.clear() })

openTheme(document.getElementById('theme'), () => {
  const next = colours()
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
