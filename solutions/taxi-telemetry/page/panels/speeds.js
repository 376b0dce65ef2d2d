/** The histogram of speeds, in classes of 10 km/h. The last has no upper bound. */
import { chartTip, openChart, quietAxes } from '../kit/chart.js'
import { fillTable, setText } from '../kit/dom.js'
import { count, percent } from '../kit/numbers.js'

const STEP = 10
const nameOf = (i, classes) =>
  i === classes - 1 ? `${i * STEP} and more` : `${i * STEP} to ${(i + 1) * STEP}`

export function openSpeeds(document) {
  const chart = openChart(document.getElementById('speeds-chart'), option)
  const summary = document.getElementById('speeds-summary')
  const table = document.getElementById('speeds-table')
  return {
    show: (speeds) => {
      chart.show(speeds)
      const all = speeds.reduce((sum, reports) => sum + reports, 0)
      const most = speeds.indexOf(Math.max(...speeds))
      setText(
        summary,
        all === 0
          ? 'No reports.'
          : `Most common speed: ${nameOf(most, speeds.length)} km/h, ${percent(speeds[most], all)} of the reports.`,
      )
      fillTable(
        table,
        speeds.map((reports, i) => [nameOf(i, speeds.length), count(reports)]),
      )
    },
    setColours: chart.setColours,
  }
}

function option(speeds, colours) {
  const axes = quietAxes(colours)
  const all = speeds.reduce((sum, reports) => sum + reports, 0)
  return {
    grid: { left: 46, right: 10, top: 16, bottom: 26 },
    tooltip: chartTip(colours, {
      trigger: 'axis',
      axisPointer: { type: 'shadow', shadowStyle: { color: colours.line, opacity: 0.4 } },
      formatter: ([{ dataIndex, value }]) =>
        `${nameOf(dataIndex, speeds.length)} km/h\n${count(value)} reports, ${percent(value, all)}`,
    }),
    xAxis: {
      type: 'category',
      data: speeds.map((_, i) => (i === speeds.length - 1 ? `${i * STEP}+` : `${i * STEP}`)),
      ...axes.line,
      axisLabel: { ...axes.line.axisLabel, interval: 0 },
    },
    yAxis: {
      type: 'value',
      minInterval: 1,
      splitNumber: 3,
      ...axes.grid,
      axisLabel: { ...axes.grid.axisLabel, formatter: count },
    },
    series: [
      {
        id: 'speeds',
        type: 'bar',
        data: speeds,
        barCategoryGap: '16%',
        itemStyle: { color: colours.accent, borderRadius: [4, 4, 0, 0] },
        emphasis: { itemStyle: { color: colours.accent } },
      },
    ],
  }
}
