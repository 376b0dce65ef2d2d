/** The map and its parts: areas, layers, zoom, scale, tips, and the message when there are no taxis. */
import { setText } from '../kit/dom.js'
import { openEmpty } from '../kit/empty.js'
import { isEmpty, join, nowhere, widen, within } from '../kit/map/mercator.js'
import { drawScale } from '../kit/map/scale.js'
import { openZoom } from '../kit/map/zoom.js'
import { ago, whole } from '../kit/numbers.js'
import { reducedMotion } from '../kit/theme.js'
import { openTip } from '../kit/tip.js'
import { areasOf, areaToFollow } from '../map/areas.js'
import { demandOf } from '../map/demand.js'
import { TaxiMap } from '../map/map.js'
import { boxOf, boxOfAll, zonesOf } from '../map/zones.js'
import { openAreas } from './areas.js'

/** @param left called when the map moves away from a zone that was chosen */
export function openMapPanel(document, { colours, left }) {
  const root = document.getElementById('map')
  const summary = document.getElementById('map-summary')
  const demandName = document.getElementById('demand-name')
  const [scaleText, scaleBar] = ['scale-text', 'scale-bar'].map((id) => document.getElementById(id))
  const map = new TaxiMap(root, colours, (camera) => drawScale(scaleText, scaleBar, camera))
  const empty = openEmpty(document)
  const tip = openTip(root, document.getElementById('map-tip'), (at) => {
    const taxi = at ? map.point(at.x, at.y) : undefined
    const zone = at && !taxi ? map.zoneAt(at.x, at.y) : undefined
    root.style.cursor = taxi ? 'pointer' : ''
    return taxi ? linesOf(taxi) : zone && [zone.name]
  })
  const chooser = openAreas(document.getElementById('areas'), () => {
    map.select(null)
    left()
    if (areas.length > 0) map.show(boxWanted(), true)
  })
  let zones = []
  let zonesVersion = -1
  let areas = []
  let followed

  const boxWanted = () => {
    const chosen = chooser.chosen()
    if (chosen === 'all') return areas.map(boxOfArea).reduce(join, nowhere())
    return boxOfArea(areas.find(({ key }) => key === (chosen === 'follow' ? followed : chosen)) ?? areas[0])
  }
  /**
   * A fleet within the zones is shown with all of its zones, so that the view stays still while taxis come
   * and go.
   */
  const boxOfArea = ({ box }) => {
    const zoneBox = boxOfAll(zones.filter(({ middle }) => within(box, ...middle)))
    return isEmpty(zoneBox) ? box : join(box, zoneBox)
  }
  const loadZones = async (version) => {
    zonesVersion = version
    try {
      const { entries } = await (await fetch('tables/zones')).json()
      zones = zonesOf(entries)
      map.setZones(zones)
      if (areas.length === 0) map.show(boxOfAll(zones))
    } catch {
      zonesVersion = -1 // The next snapshot asks again.
    }
  }

  openZoom(document, map)
  for (const button of document.querySelectorAll('[data-layer]')) {
    button.addEventListener('click', () => {
      const shown = button.getAttribute('aria-pressed') !== 'true'
      button.setAttribute('aria-pressed', String(shown))
      map.setLayer(button.dataset.layer, shown)
    })
  }

  return {
    setColours: (next) => map.setColours(next),
    lookAt: (zone) => {
      map.select(zone)
      const ring = zone === null ? undefined : map.ringOf(zone)
      if (ring) {
        map.show(around(boxOf(ring)), true)
        root.scrollIntoView({ block: 'nearest', behavior: reducedMotion.matches ? 'auto' : 'smooth' })
      }
      chooser.set(zone === null ? 'follow' : 'zone')
      if (zone === null && areas.length > 0) map.show(boxWanted(), true)
    },
    show: (taxis, { zonesVersion: version, lastHalfHour: { demand, newest } }, now) => {
      if (version !== zonesVersion) void loadZones(version)
      areas = areasOf(taxis, areas)
      followed = areaToFollow(areas, followed)
      chooser.show(areas, followed)
      const shown = demandOf(demand, around(areas.length > 0 ? boxWanted() : boxOfAll(zones)))
      setText(
        demandName,
        shown.hasPassengers || demand.x.length === 0 ? 'Demand, half an hour' : 'Traffic, half an hour',
      )
      map.update(taxis, shown, areas)
      if (areas.length > 0 && chooser.chosen() !== 'zone') map.show(boxWanted())
      tip.refresh()
      empty.show(taxis.length === 0, emptyText(newest === null ? null : now - newest))
      setText(summary, summaryOf(taxis, areas))
    },
  }
}

/** Widens the box to twice its width and height. */
function around(box) {
  const [width, height] = [box.east - box.west, box.south - box.north]
  return widen(
    widen({ ...box }, box.west - width / 2, box.north - height / 2),
    box.east + width / 2,
    box.south + height / 2,
  )
}

const linesOf = ({ id, state, speed, zone }) => [
  id,
  state.name,
  `${whole(speed)} km/h`,
  zone.name ?? `Cell ${zone.id}`,
]

/** @param since ms since the newest report of the last half hour arrived; null if there was none */
function emptyText(since) {
  const last =
    since === null ? 'No taxi has reported in the last half hour.' : `The last report came ${ago(since)}.`
  return `${last} Send some taxis out, and they appear here within two seconds.`
}

function summaryOf(taxis, areas) {
  if (taxis.length === 0) return 'No taxis.'
  return `${taxis.length} taxis in ${areas.length === 1 ? 'one area' : `${areas.length} areas`}.`
}
