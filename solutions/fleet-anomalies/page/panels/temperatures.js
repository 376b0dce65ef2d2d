/** The temperatures of the chosen truck in the last five minutes, with the normal bands and the findings. */
import { fillTable } from '../kit/dom.js'
import { at } from '../kit/numbers.js'
import { showSentence } from '../kit/rows.js'
import { merged, rangeOf } from '../readings.js'
import { celsius } from '../texts.js'
import { openSensor } from './sensor.js'

const SENSORS = ['container', 'engine']
/** The page follows every second. After a longer pause it reads what it has missed. */
const MISSED_MS = 5000
const ROW_MS = 30_000
/** A line that moves by a pixel a second need not be drawn every second while nothing happens. */
const CALM_MS = 2500

export function openTemperatures(document) {
  const sensors = SENSORS.map((sensor) => openSensor(document, sensor))
  const note = document.getElementById('readings-note')
  const details = document.getElementById('readings-details')
  const table = document.getElementById('readings-table')
  let id
  let readings = []
  let shownAt = 0
  let asked = 0
  let draw = () => {}
  let drawn = { id: undefined, state: undefined, at: 0 }

  const read = async () => {
    const turn = ++asked
    const { found, trouble } = await readingsOf(id)
    if (turn !== asked) return
    readings = merged(found, readings, shownAt)
    showSentence(note, trouble)
    draw()
  }
  details.addEventListener('toggle', () => draw())
  return {
    /** The readings that are shown, the oldest first. */
    get readings() {
      return readings
    },
    setColours: (colours) => {
      for (const sensor of sensors) sensor.setColours(colours)
    },
    show: (truck, findings, time) => {
      const isOther = truck.id !== id
      const hasMissed = time - shownAt > MISSED_MS
      if (isOther) readings = []
      id = truck.id
      shownAt = time
      readings = merged(readings, [[truck.at, truck.engine, truck.container, truck.ambient]], time)
      for (const sensor of sensors) sensor.show(truck, readings, findings)
      draw = () => {
        for (const sensor of sensors) sensor.draw(truck, readings, findings, time)
        if (details.open) fillTable(table, rowsOf(readings))
        drawn = { id, state: truck.state, at: time }
      }
      const isCalm = truck.state.key === 'expected' && truck.state === drawn.state && id === drawn.id
      if (!isCalm || time - drawn.at > CALM_MS) draw()
      if (isOther || hasMissed) void read()
    },
  }
}

async function readingsOf(id) {
  try {
    const response = await fetch(`../v1/fleet/trucks/${encodeURIComponent(id)}/readings`)
    const answer = await response.json()
    return response.ok
      ? { found: answer.readings, trouble: '' }
      : { found: [], trouble: answer.error.message }
  } catch {
    return { found: [], trouble: 'The temperatures before now could not be read.' }
  }
}

/** A row for every half minute, the newest first. */
function rowsOf(readings) {
  return [...Map.groupBy(readings, ([time]) => Math.floor(time / ROW_MS) * ROW_MS)]
    .reverse()
    .map(([time, some]) => [at(time), ...SENSORS.map((sensor) => rangeText(rangeOf(some, sensor)))])
}

function rangeText(range) {
  if (range === null) return '–'
  const { lowest, highest } = range
  return lowest === highest ? celsius(lowest) : `${celsius(lowest)} to ${celsius(highest)}`
}
