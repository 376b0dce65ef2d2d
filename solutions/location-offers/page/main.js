/** Sends signups and shows their answers, newest first. */
import { element, setText } from './kit/dom.js'
import { money, tenths, whole } from './kit/numbers.js'
import { followTheme } from './kit/theme.js'

const PLACES = {
  Berlin: [52.5163, 13.3777],
  Lagos: [6.4541, 3.3947],
  London: [51.5138, -0.0984],
  'New York': [40.7484, -73.9857],
  'São Paulo': [-23.5614, -46.6559],
  Singapore: [1.2834, 103.8607],
  Tokyo: [35.6586, 139.7454],
  'The middle of the Atlantic': [0.0, -25.0],
}
const MAX_SHOWN = 20
const $ = (id) => document.getElementById(id)

followTheme()
for (const name of Object.keys(PLACES)) $('place').append(element('option', '', name))
const choose = () => {
  ;[$('lat').value, $('lon').value] = PLACES[$('place').value]
}
$('place').addEventListener('change', choose)
choose()
let number = 1
$('user').value = `visitor-${number}`

$('form').addEventListener('submit', async (event) => {
  event.preventDefault()
  const userId = $('user').value
  const position = { lat: Number($('lat').value), lon: Number($('lon').value) }
  setText($('status'), `Waiting for the offers of ${userId} …`)
  const began = performance.now()
  try {
    const response = await fetch('/v1/signups?wait=5s', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ userId, position }),
    })
    const answer = await response.json()
    if (!response.ok) throw new Error(answer.error?.message ?? answer.message ?? `Status ${response.status}.`)
    show(answer, performance.now() - began)
    $('user').value = `visitor-${++number}`
  } catch (error) {
    setText($('status'), error.message)
  }
})

function show({ userId, areaName, distanceKm, options }, took) {
  const found = areaName !== null
  setText(
    $('status'),
    found
      ? `${userId} can choose among ${options.length} options in ${areaName}.`
      : `No area near ${userId} is served yet.`,
  )
  const head = element(
    'p',
    'head',
    '',
    element('strong', '', userId),
    element('span', '', found ? `${areaName}, ${tenths(distanceKm)} km from its middle` : ''),
    element('span', 'took', `${whole(took)} ms`),
  )
  const offers = found
    ? element('ul', 'options', '', ...options.map(optionItem))
    : element('p', 'none', 'No area within reach is served.')
  $('answers').prepend(element('li', '', '', head, offers))
  while ($('answers').children.length > MAX_SHOWN) $('answers').lastChild.remove()
}

function optionItem({ name, downMbps, upMbps, price, currency }) {
  return element(
    'li',
    '',
    '',
    element('b', '', name),
    element('span', '', `${downMbps} down, ${upMbps} up, Mbit/s`),
    element('p', 'price', `${money(price, currency)} a month`),
  )
}
