/** The stages of a pipeline as cards, in the order in which a record passes them. */
import { element, setText } from './dom.js'
import { count, latency, rate } from './numbers.js'
import { newSpark } from './spark.js'

/** A wait that is longer than this, at the present rate, counts as behind. */
const BEHIND_SECONDS = 5
const FEW = 100

/**
 * @param known the cards: { prefix, name, does }. A card shows all stages whose names begin with its prefix
 * @returns {{ show(stages): void }} for the stages of a snapshot
 */
export function openStages(list, known) {
  const cards = known.map(({ prefix, name, does }) => ({ prefix, ...newCard(list, name, does) }))
  return {
    show: (stages) =>
      cards.forEach((card) =>
        card.show(together(stages.filter(({ stage }) => stage.startsWith(card.prefix)))),
      ),
  }
}

/** Merges several stages of one service (its doors) into one; undefined if there are none. */
function together(stages) {
  const reporting = stages.filter(({ instances }) => instances > 0)
  if (reporting.length <= 1) return reporting[0] ?? stages[0]
  const sum = (pick) => reporting.reduce((total, stage) => total + pick(stage), 0)
  const busiest = reporting.reduce((a, b) => (b.records > a.records ? b : a))
  return {
    ...busiest,
    records: sum(({ records }) => records),
    failed: sum(({ failed }) => failed),
    lag: sum(({ lag }) => lag),
    instances: Math.max(...reporting.map(({ instances }) => instances)),
  }
}

function newCard(list, name, does) {
  const item = list.appendChild(element('li', 'stage'))
  const badge = element('p', 'badge')
  const head = element('div', 'stage-head', '', element('h3', '', name), element('p', '', does), badge)
  const figures = [
    ['records', 'Throughput'],
    ['lag', 'Waiting'],
    ['p99', 'Latency 50 · 99 %'],
  ].map(([kind, label]) => {
    const value = element('span', '', '–')
    const unit = element('small')
    const spark = newSpark(kind)
    return {
      kind,
      value,
      unit,
      spark,
      item: element('div', '', '', element('dt', '', label), element('dd', '', '', value, unit), spark.svg),
    }
  })
  item.append(head, element('dl', '', '', ...figures.map((figure) => figure.item)))
  return {
    show: (stage) => {
      const { state, text } = stateOf(stage)
      badge.dataset.state = state
      setText(badge, text)
      if (!stage) return
      const [p50, p50Unit] = latency(stage.p50)
      const [p99, p99Unit] = latency(stage.p99)
      const silent = stage.instances === 0
      const texts = {
        records: silent ? ['–', ''] : [rate(stage.records), ' /s'],
        lag: [count(stage.lag), stage.lag === 1 ? ' record' : ' records'],
        p99:
          stage.p50 === null
            ? ['–', '']
            : [`${p50}${p50Unit === p99Unit ? '' : ` ${p50Unit}`} · ${p99}`, ` ${p99Unit}`],
      }
      for (const { kind, value, unit, spark } of figures) {
        setText(value, texts[kind][0])
        setText(unit, texts[kind][1])
        spark.show(stage.history[kind])
      }
    },
  }
}

/** The state of a stage, for its badge: { state, text }. */
export function stateOf(stage) {
  if (!stage || stage.instances === 0) return { state: 'silent', text: 'Not reporting' }
  if (stage.failed > 0) return { state: 'behind', text: `${rate(stage.failed)} /s refused` }
  if (stage.lag > Math.max(FEW, stage.records * BEHIND_SECONDS))
    return { state: 'behind', text: 'Catching up' }
  return { state: 'good', text: stage.instances === 1 ? 'Healthy' : `${stage.instances} instances` }
}
