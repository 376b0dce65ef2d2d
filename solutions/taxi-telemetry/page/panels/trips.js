/**
 * The lines of trips and of reporting taxis per minute: a fleet that does not report trips still has a line.
 */
import { chartTip, openChart, quietAxes } from '../kit/chart.js'
import { fillTable, setText } from '../kit/dom.js'
import { count, time } from '../kit/numbers.js'

export function openTrips(document) {
  const chart = openChart(document.getElementById('trips-chart'), option)
  const summary = document.getElementById('trips-summary')
  const table = document.getElementById('trips-table')
  return {
    show: (minutes) => {
      chart.show(minutes)
      const last = minutes.time.length - 2 // The last minute is not over yet.
      setText(
        summary,
        last < 0
          ? 'No reports.'
          : `${count(minutes.trips[last])} trips and ${count(minutes.taxis[last])} taxis in the minute from ${time(minutes.time[last])}.`,
      )
      fillTable(
        table,
        minutes.time
          .map((minute, i) => [time(minute), count(minutes.trips[i]), count(minutes.taxis[i])])
          .reverse(),
      )
    },
    setColours: chart.setColours,
  }
}

function option(minutes, colours) {
  const axes = quietAxes(colours)
  const last = minutes.time.length - 1
  const line = (id, name, values, colour, more) => ({
    id,
    name,
    type: 'line',
    data: values.map((value, i) => [minutes.time[i], value]),
    showSymbol: false,
    lineStyle: { width: 2.2, color: colour },
    itemStyle: { color: colour },
    ...more,
  })
  return {
    grid: { left: 46, right: 18, top: 38, bottom: 28 },
    legend: {
      top: 4,
      right: 12,
      itemWidth: 14,
      itemHeight: 3,
      icon: 'rect',
      itemGap: 16,
      textStyle: { color: colours.ink2, fontSize: 12.5 },
    },
    tooltip: chartTip(colours, {
      trigger: 'axis',
      axisPointer: { lineStyle: { color: colours.lineStrong } },
      formatter: (points) =>
        [
          `${time(points[0].value[0])}${points[0].dataIndex === last ? ', under way' : ''}`,
          ...points.map(({ seriesName, value }) => `${seriesName}  ${count(value[1])}`),
        ].join('\n'),
    }),
    xAxis: {
      type: 'time',
      ...axes.line,
      axisLabel: { ...axes.line.axisLabel, formatter: (value) => time(value), hideOverlap: true },
      splitNumber: 6,
    },
    yAxis: {
      type: 'value',
      minInterval: 1,
      splitNumber: 4,
      ...axes.grid,
      axisLabel: { ...axes.grid.axisLabel, formatter: count },
    },
    series: [
      line('trips', 'Trips', minutes.trips, colours.occupied, {
        areaStyle: { color: colours.occupied, opacity: 0.1 },
        z: 3,
      }),
      line('taxis', 'Taxis', minutes.taxis, colours.ink3, {
        lineStyle: { width: 1.6, color: colours.ink3, type: [4, 4] },
      }),
    ],
  }
}
