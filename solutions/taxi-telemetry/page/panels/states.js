/** The pie of states, with its legend as a table. */
import { byState } from '../fleet.js'
import { chartTip, openChart } from '../kit/chart.js'
import { element, setText } from '../kit/dom.js'
import { count, percent } from '../kit/numbers.js'

export function openStates(document) {
  const chart = openChart(document.getElementById('states-chart'), option)
  const summary = document.getElementById('states-summary')
  const body = document.getElementById('states-table').tBodies[0]
  return {
    show: (taxis) => {
      const states = byState(taxis)
      chart.show(states)
      setText(
        summary,
        taxis.length === 0
          ? 'No taxis.'
          : states.map(({ name, taxis: some }) => `${name}: ${count(some)}`).join(', '),
      )
      fillLegend(body, states, taxis.length)
    },
    setColours: chart.setColours,
  }
}

function option(states, colours) {
  const all = states.reduce((sum, { taxis }) => sum + taxis, 0)
  return {
    tooltip: chartTip(colours, {
      trigger: 'item',
      formatter: ({ name, value }) => `${name}\n${count(value)} taxis, ${percent(value, all)}`,
    }),
    title: {
      text: count(all),
      subtext: 'taxis',
      left: 'center',
      top: 'center',
      itemGap: 4,
      textStyle: { color: colours.ink, fontSize: 24, fontWeight: 640, fontFamily: colours.sans },
      subtextStyle: { color: colours.ink3, fontSize: 12.5, fontFamily: colours.sans },
    },
    series: [
      {
        id: 'states',
        type: 'pie',
        radius: ['64%', '92%'],
        center: ['50%', '50%'],
        label: { show: false },
        labelLine: { show: false },
        emphasis: { scaleSize: 3 },
        itemStyle: { borderColor: colours.panel, borderWidth: 2, borderRadius: 5 },
        emptyCircleStyle: { color: 'transparent', borderColor: colours.line, borderWidth: 2 },
        data:
          all === 0
            ? []
            : states.map(({ id, key, name, taxis }) => ({
                id,
                name,
                value: taxis,
                itemStyle: { color: colours[key] },
              })),
      },
    ],
  }
}

function fillLegend(body, states, all) {
  if (body.rows.length !== states.length) {
    body.replaceChildren(
      ...states.map(({ key, name }) => {
        const head = element('th', '', '', element('span', `key ${key}`), name)
        head.scope = 'row'
        return element('tr', '', '', head, element('td'), element('td', 'soft'))
      }),
    )
  }
  states.forEach(({ taxis }, i) => {
    setText(body.rows[i].cells[1], count(taxis))
    setText(body.rows[i].cells[2], percent(taxis, all))
  })
}
