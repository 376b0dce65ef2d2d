/** The choice of area: follow the activity, show all taxis, or show one of the places where taxis are. */

import { element, setText } from '../kit/dom.js'
import { toLat, toLon } from '../kit/map/mercator.js'
import { count, degrees } from '../kit/numbers.js'

/** @param changed called when the viewer makes a choice */
export function openAreas(fieldset, changed) {
  const options = new Map()
  let chosen = 'follow'

  const option = (key) => {
    if (!options.has(key)) options.set(key, newOption(fieldset, key, key === chosen))
    return options.get(key)
  }
  const set = (key) => {
    chosen = key
    for (const [other, { input }] of options) input.checked = other === key
  }
  fieldset.addEventListener('change', ({ target }) => {
    set(target.value)
    changed()
  })

  return {
    /** 'follow', 'all', an area's key, or 'zone' while the viewer looks at a zone of the table. */
    chosen: () => chosen,
    set,
    show: (areas, followed) => {
      fieldset.hidden = areas.length === 0
      const keys = new Set(['follow', ...(areas.length > 1 ? ['all'] : []), ...areas.map(({ key }) => key)])
      if (areas.length > 0 && chosen !== 'zone' && !keys.has(chosen)) set('follow')
      for (const [key, { label }] of options) {
        if (keys.has(key)) continue
        options.delete(key)
        label.remove()
      }
      fill(option('follow'), 'Follow', '')
      if (areas.length > 1)
        fill(option('all'), 'All', count(areas.reduce((sum, { taxis }) => sum + taxis.length, 0)))
      for (const area of areas) {
        fill(option(area.key), nameOf(area), count(area.taxis.length))
        option(area.key).label.classList.toggle('followed', chosen === 'follow' && area.key === followed)
      }
    },
  }
}

function newOption(fieldset, key, checked) {
  const input = Object.assign(element('input'), { type: 'radio', name: 'area', value: key, checked })
  const name = element('span')
  const number = element('b')
  const label = element('label', '', '', input, name, number)
  fieldset.append(label)
  return { label, input, name, number }
}

function fill({ name, number }, text, taxis) {
  setText(name, text)
  setText(number, taxis)
}

/**
 * Names the area by its fullest named zone, or by its coordinates if most taxis are outside the named zones.
 */
function nameOf({ taxis, box }) {
  const named = taxis.filter(({ zone }) => zone.name !== null)
  if (named.length < taxis.length / 2)
    return degrees(toLon((box.west + box.east) / 2), toLat((box.north + box.south) / 2))
  const zones = [...Map.groupBy(named, ({ zone }) => zone.name)].sort(([, a], [, b]) => b.length - a.length)
  return zones.length === 1 ? zones[0][0] : `Around ${zones[0][0]}`
}
