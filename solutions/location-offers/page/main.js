/** Sends signups and shows their answers, newest first. */
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
const element = (name, text, className) =>
  Object.assign(document.createElement(name), { textContent: text, className: className ?? '' })

for (const name of Object.keys(PLACES)) $('place').append(element('option', name))
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
  $('status').textContent = `Waiting for the offers of ${userId} …`
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
    $('status').textContent = error.message
  }
})

function show({ userId, areaName, distanceKm, options }, took) {
  $('status').textContent =
    areaName === null
      ? `Nothing is served near ${userId} yet.`
      : `${userId} can choose among ${options.length} options in ${areaName}.`
  const item = document.createElement('li')
  const head = element('p', '', 'head')
  head.append(
    element('strong', userId),
    element('span', areaName === null ? '' : `${areaName}, ${distanceKm.toFixed(1)} km from its middle`),
    element('span', `${took.toFixed(0)} ms`, 'took'),
  )
  item.append(head)
  if (areaName === null) item.append(element('p', 'No area within reach is served.', 'none'))
  else item.append(optionList(options))
  $('answers').prepend(item)
  while ($('answers').children.length > MAX_SHOWN) $('answers').lastChild.remove()
}

function optionList(options) {
  const list = element('ul', '', 'options')
  for (const { name, downMbps, upMbps, price, currency } of options) {
    const item = document.createElement('li')
    const amount = new Intl.NumberFormat(undefined, { style: 'currency', currency }).format(price)
    item.append(
      element('b', name),
      element('span', `${downMbps} down, ${upMbps} up, Mbit/s`),
      element('p', `${amount} a month`, 'price'),
    )
    list.append(item)
  }
  return list
}
