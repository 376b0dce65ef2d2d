/** The price and the clicks of the chosen product in the last hour. */
import { fillTable, setText } from '../kit/dom.js'
import { at, count, whole } from '../kit/numbers.js'
import { showSentence } from '../kit/rows.js'
import { dollars, times } from '../texts.js'
import { chartFrom, clicksLine, priceLine, usualBand } from '../windows.js'
import { openClicksChart, openPriceChart } from './charts.js'

/** Between two points of time at which charts are drawn: the line moves by less than a pixel a second. */
const DRAW_MS = 5000

export function openDemand(document) {
  const [prices, clicks] = [
    openPriceChart(document.getElementById('price-chart')),
    openClicksChart(document.getElementById('clicks-chart')),
  ]
  const [priceSummary, clicksSummary, clicksNow, clicksUsual, note, details, table] = [
    'price-summary',
    'clicks-summary',
    'clicks-now',
    'clicks-usual',
    'windows-note',
    'windows-details',
    'windows-table',
  ].map((id) => document.getElementById(id))
  let windows = []
  let key = ''
  let asked = 0
  let draw = () => {}

  const read = async (id) => {
    const turn = ++asked
    const { found, trouble } = await windowsOf(id)
    if (turn !== asked) return
    if (trouble === '') windows = found
    showSentence(note, trouble)
    draw()
  }
  details.addEventListener('toggle', () => draw())
  return {
    setColours: (colours) => {
      for (const chart of [prices, clicks]) chart.setColours(colours)
    },
    show: (product, counted, time) => {
      const { productId, demand, usual } = product
      const end = Math.ceil(time / DRAW_MS) * DRAW_MS
      setText(clicksNow, times(product.pace))
      setText(
        clicksUsual,
        usual === null ? 'what is usual is not known yet' : `of ${whole(usual.clicks)} an hour`,
      )
      draw = () => {
        const line = clicksLine(windows, counted?.until ?? 0, end)
        const band =
          usual === null || windows.length === 0 ? null : usualBand(usual.clicks, windows[0].windowMs)
        const steps = priceLine(windows, product.priceCents, end)
        const from = chartFrom(windows, end)
        prices.show({ steps, product: pricesOf(product), from, end })
        clicks.show({ line, band, usual: usual?.clicks ?? null, from, end })
        setText(priceSummary, priceText(steps, product))
        setText(clicksSummary, clicksText(line, band))
        if (details.open) fillTable(table, rowsOf(windows))
      }
      const before = key
      key = `${productId} ${demand?.at} ${counted?.until}`
      if (before.split(' ')[0] !== productId) windows = []
      draw()
      if (before !== key) void read(productId)
    },
  }
}

async function windowsOf(id) {
  try {
    const response = await fetch(`../v1/sneakers/${encodeURIComponent(id)}/windows`)
    const answer = await response.json()
    return response.ok ? { found: answer.windows, trouble: '' } : { found: [], trouble: answer.error.message }
  } catch {
    return { found: [], trouble: 'The windows of the last hour could not be read.' }
  }
}

const pricesOf = ({ listPriceCents, market }) => ({
  list: listPriceCents / 100,
  competitor: market === null ? null : market.competitorCents / 100,
})

function priceText(steps, { listPriceCents, market }) {
  const prices = steps.map(([, price]) => price * 100)
  const competitor = market === null ? '' : `, the competitor's ${dollars(market.competitorCents)}`
  return `Price: ${dollars(prices.at(-1))}, between ${dollars(Math.min(...prices))} and ${dollars(Math.max(...prices))} in the last hour. The list price is ${dollars(listPriceCents)}${competitor}.`
}

function clicksText(line, band) {
  if (line.length === 0) return 'No clicks in the last hour.'
  const rates = line.map(([, rate]) => rate)
  const usual = band === null ? '' : ` From ${whole(band.low)} to ${whole(band.high)} are usual.`
  return `Clicks an hour: ${whole(rates.at(-1))} at the end, between ${whole(Math.min(...rates))} and ${whole(Math.max(...rates))}.${usual}`
}

/** A row for every window, the newest first. */
const rowsOf = (windows) =>
  windows
    .toReversed()
    .map(({ start, clicks, units, revenueCents, priceCents }) => [
      at(start),
      priceCents > 0 ? dollars(priceCents) : '–',
      count(clicks),
      count(units),
      dollars(revenueCents),
    ])
