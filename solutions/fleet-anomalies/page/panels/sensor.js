/** One sensor of the chosen truck: its value, its normal band, and the chart of the last five minutes. */
import { isOutside } from '../fleet.js'
import { chartTip, openChart, quietAxes } from '../kit/chart.js'
import { setText } from '../kit/dom.js'
import { at, time as clock } from '../kit/numbers.js'
import { KEPT_MS, lineOf, rangeOf } from '../readings.js'
import { bandText, celsius, sentence } from '../texts.js'

/** Between the lines of the axis, °C. */
const INTERVALS = [5, 10, 20, 50, 100, 200, 500]
const MAX_LINES = 4
/** Between the line and the ends of the axis, °C. */
const MARGIN = 2
/** Without a lower limit the chart begins this far below the upper one. */
const BELOW = 50

export function openSensor(document, sensor) {
  const [value, band, summary, element] = ['value', 'band', 'summary', 'chart'].map((part) =>
    document.getElementById(`${sensor}-${part}`),
  )
  const chart = openChart(element, option)
  const ownOf = (truck, findings) =>
    findings.filter((finding) => finding.device === truck.id && finding.sensor === sensor)
  return {
    setColours: chart.setColours,
    show: (truck, readings, findings) => {
      const limits = truck.bands[sensor]
      setText(value, celsius(truck[sensor]))
      value.dataset.state = isOutside(truck[sensor], limits) ? 'bad' : 'good'
      setText(band, bandText(limits))
      setText(summary, summaryOf(sensor, rangeOf(readings, sensor), limits, ownOf(truck, findings)))
    },
    draw: (truck, readings, findings, time) => {
      const limits = truck.bands[sensor]
      const points = lineOf(readings, sensor)
      const outside = points.map(([x, y]) => [x, isOutside(y, limits) ? y : null])
      const end = Math.max(time, readings.at(-1)?.[0] ?? 0)
      chart.show({
        points,
        outside: outside.some(([, y]) => y !== null) ? outside : [],
        shaded: ownOf(truck, findings)
          .filter(({ until }) => until === null || until > end - KEPT_MS)
          .map(({ since, until }) => [Math.max(since, end - KEPT_MS), until ?? end]),
        limits,
        end,
      })
    },
  }
}

function summaryOf(sensor, range, limits, findings) {
  if (range === null) return `No temperature of the ${sensor} in the last five minutes.`
  const { newest, lowest, highest } = range
  const open = findings.filter(({ status }) => status === 'open')
  const since = open.map((finding) => ` A finding has been open since ${at(finding.since)}.`).join('')
  const between = `between ${celsius(lowest)} and ${celsius(highest)} in the last five minutes`
  return sentence(`${sensor}: ${celsius(newest)}, ${between}; ${bandText(limits)}.${since}`)
}

function option({ points, outside, shaded, limits, end }, colours) {
  const axes = quietAxes(colours)
  const range = rangeOfAxis(points, limits)
  const line = (id, data, colour, more) => ({
    id,
    type: 'line',
    data,
    showSymbol: false,
    silent: true,
    lineStyle: { width: 2.2, color: colour },
    itemStyle: { color: colour },
    ...more,
  })
  return {
    // The line moves by a pixel a second: there is nothing to animate.
    animation: false,
    grid: { left: 40, right: 12, top: 8, bottom: 22 },
    tooltip: chartTip(colours, {
      trigger: 'axis',
      axisPointer: { lineStyle: { color: colours.lineStrong } },
      formatter: ([{ value }]) => `${celsius(value[1])}\n${at(value[0])}`,
    }),
    xAxis: {
      type: 'time',
      min: end - KEPT_MS,
      max: end,
      splitNumber: 5,
      ...axes.line,
      axisLabel: {
        ...axes.line.axisLabel,
        formatter: (value) => clock(value),
        hideOverlap: true,
        showMinLabel: false,
        showMaxLabel: false,
      },
    },
    yAxis: {
      type: 'value',
      ...range,
      ...axes.grid,
      axisLabel: { ...axes.grid.axisLabel, formatter: (value) => String(value).replace('-', '−') },
    },
    series: [
      line('values', points, colours.accent, {
        markArea: {
          silent: true,
          data: [...bandArea(limits, range, colours), ...findingAreas(shaded, colours)],
        },
        markLine: limitLines(limits, colours),
      }),
      line('outside', outside, colours.finding, { z: 3, tooltip: { show: false } }),
    ],
  }
}

/** The whole band is in view, and the values with room around them. The axis ends at its lines. */
function rangeOfAxis(points, { low, high }) {
  const values = points.map(([, value]) => value).filter((value) => value !== null)
  const below = low ?? (high === null ? null : high - BELOW)
  const all = [...values, below, high].filter((value) => value !== null)
  if (all.length === 0) return { min: 0, max: 100, interval: 50 }
  const least = all.reduce((a, b) => Math.min(a, b)) - MARGIN
  const most = all.reduce((a, b) => Math.max(a, b)) + MARGIN
  const interval = INTERVALS.find((size) => (most - least) / size <= MAX_LINES) ?? INTERVALS.at(-1)
  return {
    min: Math.floor(least / interval) * interval,
    max: Math.ceil(most / interval) * interval,
    interval,
  }
}

function bandArea({ low, high }, { min, max }, colours) {
  if (low === null && high === null) return []
  return [[{ yAxis: low ?? min, itemStyle: { color: colours.good, opacity: 0.1 } }, { yAxis: high ?? max }]]
}

const findingAreas = (shaded, colours) =>
  shaded.map(([from, to]) => [
    { xAxis: from, itemStyle: { color: colours.finding, opacity: 0.13 } },
    { xAxis: to },
  ])

function limitLines({ low, high }, colours) {
  return {
    silent: true,
    symbol: 'none',
    label: { show: false },
    lineStyle: { color: colours.good, width: 1.2, type: [4, 4] },
    data: [low, high].filter((limit) => limit !== null).map((yAxis) => ({ yAxis })),
  }
}
