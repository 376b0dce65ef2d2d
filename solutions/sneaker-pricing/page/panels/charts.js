/** The two charts of the chosen product: the price by steps, and the clicks beside those that are usual. */
import { chartTip, openChart, quietAxes } from '../kit/chart.js'
import { at, time as clock, whole } from '../kit/numbers.js'
import { dollars } from '../texts.js'

/** The room above and below the prices, as a share of them. */
const PRICE_MARGIN = 0.04
const LEFT = 52

export const openPriceChart = (element) => openChart(element, priceOption)
export const openClicksChart = (element) => openChart(element, clicksOption)

function priceOption({ steps, product: { list, competitor }, from, end }, colours) {
  const values = [...steps.map(([, price]) => price), list, competitor].filter((price) => price !== null)
  const interval = intervalOf(Math.max(...values) - Math.min(...values) * (1 - 2 * PRICE_MARGIN))
  const lines = [
    { yAxis: list, lineStyle: { color: colours.ink3 }, label: { formatter: 'list', color: colours.ink3 } },
    ...(competitor === null
      ? []
      : [
          {
            yAxis: competitor,
            lineStyle: { color: colours.rival },
            label: { formatter: 'competitor', color: colours.rival, position: 'insideEndTop' },
          },
        ]),
  ]
  return {
    ...common(colours, [from, end], (value) => dollars(value * 100)),
    yAxis: {
      ...valueAxis(colours, (value) => `$${value}`),
      min: Math.floor((Math.min(...values) * (1 - PRICE_MARGIN)) / interval) * interval,
      max: Math.ceil((Math.max(...values) * (1 + PRICE_MARGIN)) / interval) * interval,
      interval,
    },
    series: [
      series('price', steps, colours.accent, {
        markLine: {
          silent: true,
          symbol: 'none',
          label: { position: 'insideStartTop', fontSize: 11 },
          lineStyle: { width: 1.2, type: [4, 4] },
          data: lines,
        },
      }),
    ],
  }
}

function clicksOption({ line, band, usual, from, end }, colours) {
  const most = Math.max(10, band?.high ?? 0, ...line.map(([, rate]) => rate))
  const interval = intervalOf(most)
  const area =
    band === null
      ? []
      : [[{ yAxis: band.low, itemStyle: { color: colours.good, opacity: 0.12 } }, { yAxis: band.high }]]
  return {
    ...common(colours, [from, end], (value) => `${whole(value)} clicks an hour`),
    yAxis: {
      ...valueAxis(colours, whole),
      min: 0,
      max: Math.ceil((most * 1.05) / interval) * interval,
      interval,
    },
    series: [
      series('clicks', line, colours.demand, {
        areaStyle: { color: colours.demand, opacity: 0.12 },
        markArea: { silent: true, data: area },
        markLine: {
          silent: true,
          symbol: 'none',
          label: { position: 'insideStartTop', fontSize: 11, formatter: 'usual', color: colours.good },
          lineStyle: { width: 1.2, type: [4, 4], color: colours.good },
          data: usual === null ? [] : [{ yAxis: usual }],
        },
      }),
    ],
  }
}

const series = (id, data, colour, more) => ({
  id,
  type: 'line',
  step: 'end',
  data,
  showSymbol: false,
  lineStyle: { width: 2.2, color: colour },
  itemStyle: { color: colour },
  ...more,
})

const common = (colours, [from, end], textOf) => ({
  animation: false,
  grid: { left: LEFT, right: 12, top: 8, bottom: 22 },
  tooltip: chartTip(colours, {
    trigger: 'axis',
    axisPointer: { lineStyle: { color: colours.lineStrong } },
    formatter: ([{ value }]) => `${textOf(value[1])}\n${at(value[0])}`,
  }),
  xAxis: {
    type: 'time',
    min: from,
    max: end,
    splitNumber: 4,
    ...quietAxes(colours).line,
    axisLabel: {
      ...quietAxes(colours).line.axisLabel,
      formatter: (value) => clock(value),
      hideOverlap: true,
      showMinLabel: false,
      showMaxLabel: false,
    },
  },
})

function valueAxis(colours, formatter) {
  const { grid } = quietAxes(colours)
  return { type: 'value', ...grid, axisLabel: { ...grid.axisLabel, formatter } }
}

/** A round distance between the lines of an axis: of at most four over the range. */
function intervalOf(range) {
  const least = Math.max(range / 4, 1)
  const power = 10 ** Math.floor(Math.log10(least))
  return [1, 2, 5, 10].map((step) => step * power).find((step) => step >= least)
}
