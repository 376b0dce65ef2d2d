/** The page: one snapshot a second goes to every panel, and the chosen truck to those that show it. */
import { fleetOf, inOrder, inTime, truckToShow } from './fleet.js'
import { openChoice } from './kit/choice.js'
import { openStatus } from './kit/status.js'
import { openStream } from './kit/stream.js'
import { colours, openThemeButton } from './kit/theme.js'
import { openDeliveries } from './panels/deliveries.js'
import { openFigures } from './panels/figures.js'
import { openFindings } from './panels/findings.js'
import { openIncidents } from './panels/incidents.js'
import { openList } from './panels/list.js'
import { openMapPanel } from './panels/map.js'
import { openTruck } from './panels/truck.js'

const main = document.querySelector('main')
let last
let shown = null
const choice = openChoice('truck', () => last && draw())
const choose = (id) => choice.choose(id)
const status = openStatus(document)
const figures = openFigures(document)
const map = openMapPanel(document, choose)
const truck = openTruck(document)
const list = openList(document, choose)
const findings = openFindings(document, choose)
const incidents = openIncidents(document)
const deliveries = openDeliveries(document)

/** Shows the chosen truck. Without a choice, the truck that was shown first stays. */
function draw() {
  const { fleet, data, time } = last
  const id = choice.id ?? shown
  const chosen = truckToShow(fleet, id)
  if (choice.id === null) shown = chosen?.id ?? null
  main.classList.toggle('no-trucks', fleet.length === 0)
  truck.show(chosen, id, data, time)
  map.show(fleet, chosen?.id)
  list.show(fleet, data.more, chosen?.id)
}

openThemeButton(document.getElementById('theme'), () => {
  const next = colours('ground', 'good', 'finding', 'outside', 'silent', 'expected')
  for (const panel of [map, truck]) panel.setColours(next)
})

openStream('live', {
  state: (state) => status.connection(state),
  snapshot: ({ time, data: sent, trouble, stages }) => {
    status.trouble(trouble, time)
    if (!sent) return
    const data = inTime(sent)
    last = { fleet: inOrder(fleetOf(data, time)), data, time }
    figures.show(last.fleet, data, stages, time)
    draw()
    incidents.show(data, time)
    findings.show(data, time)
    deliveries.show(data)
  },
})
