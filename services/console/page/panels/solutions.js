/** The pipeline of each solution as a picture: stages as cards, topics and streams as the pipes between them. */
import { element, setText } from '../kit/dom.js'
import { count, latency, rate } from '../kit/numbers.js'
import { newSpark } from '../kit/spark.js'
import { stateOf } from '../kit/stages.js'

const DOES = {
  door: ({ name }) => [name === 'http' ? 'HTTP door' : 'Kinesis API', 'ingest-hub, all topics'],
  flow: ({ name, steps }) => [name, `flow: ${steps.join(' → ')}`],
  stage: ({ name, stage }) => [name, `stage of ${stage.slice(0, stage.indexOf('.'))}`],
  function: ({ name }) => [name, 'function'],
  index: ({ name }) => [name, 'search index'],
  deliveries: ({ name }) => [name, 'alerter, to all subscriptions'],
}

export function openSolutions(document) {
  const section = document.getElementById('solutions')
  const shown = new Map()

  const panelOf = ({ name, title, page, chains }) => {
    const id = `solution-${name}`
    const heading = element('h2', '', title)
    heading.id = id
    const head = element('header', 'panel-head', '', heading)
    if (page !== null) {
      const link = element('a', 'open', 'Open its page')
      link.href = page
      head.append(link)
    }
    const panel = element('section', 'panel solution', '', head)
    panel.setAttribute('aria-labelledby', id)
    const stations = chains.flatMap((chain) => {
      const list = element('ol', 'chain')
      list.setAttribute('aria-label', `The way of a record through ${title}`)
      panel.append(list)
      return chain.map((station) => (isPipe(station) ? newPipe(list, station) : newCard(list, station)))
    })
    if (chains.length === 0) panel.append(element('p', 'calm', 'It has no flow, stage, function or sink.'))
    section.append(panel)
    return stations
  }

  return {
    show: (data, stages) => {
      for (const pipeline of data.pipelines) {
        if (!shown.has(pipeline.name)) shown.set(pipeline.name, panelOf(pipeline))
        for (const station of shown.get(pipeline.name)) station.show(data, stages)
      }
    },
  }
}

const isPipe = ({ kind }) => kind === 'topic' || kind === 'stream' || kind === 'table'

/** A topic, a stream or a table. A topic flows while records are written to it; so does a stream. */
function newPipe(list, { kind, name }) {
  const value = element('span', 'pipe-rate', '–')
  const item = element(
    'li',
    'pipe',
    '',
    element('span', 'pipe-kind', kind),
    element('span', 'pipe-name', name),
    value,
  )
  list.append(item)
  const topic = kind === 'stream' ? `stream.${name}` : name
  return {
    show: ({ topics, streams }) => {
      // The items of all tables share a topic.
      if (kind === 'table') return setText(value, '')
      const found = topics.value?.topics.find((one) => one.name === topic)
      const shards = streams.value?.rows.find((stream) => kind === 'stream' && stream.name === name)?.shards
      item.dataset.flowing = String((found?.perSecond ?? 0) > 0)
      const texts = [rateOf(found), ...(shards === undefined ? [] : [shardsOf(shards)])]
      setText(value, texts.join(' · '))
    },
  }
}

const rateOf = (topic) => {
  if (topic?.partitions === 0) return 'missing'
  return topic?.perSecond == null ? '–' : `${rate(topic.perSecond)} /s`
}
const shardsOf = (shards) => `${shards} ${shards === 1 ? 'shard' : 'shards'}`

/** The figures of a card, by the station's kind. */
const FIGURES = {
  door: ['Records', 'Refused', 'Latency 50 · 99 %'],
  flow: ['Records', 'Waiting', 'Latency 50 · 99 %', 'Dead letters'],
  stage: ['Records', 'Waiting', 'Latency 50 · 99 %', 'Dead letters'],
  function: ['Batches of', 'Waiting', 'Last result'],
  index: ['Records', 'Waiting', 'Latency 50 · 99 %', 'Dead letters'],
  deliveries: ['Records', 'Given up', 'Waiting', 'Latency 50 · 99 %'],
}

function newCard(list, station) {
  const [name, does] = DOES[station.kind](station)
  const badge = element('p', 'badge')
  const figures = FIGURES[station.kind].map((label) => {
    const value = element('dd', '', '–')
    return { label, value, item: element('div', '', '', element('dt', '', label), value) }
  })
  const head = element('div', 'stage-head', '', element('h3', '', name), badge)
  const what = element('p', 'card-does', does)
  what.title = does
  const card = element(
    'li',
    'card',
    '',
    head,
    what,
    element('dl', '', '', ...figures.map(({ item }) => item)),
  )
  const spark = station.stage === null ? undefined : newSpark('records')
  if (spark) card.append(spark.svg)
  list.append(card)
  return {
    show: (data, stages) => {
      const stage = stages.find((one) => one.stage === station.stage)
      const { state, text } = station.stage === null ? stateOfMapping(station, data) : stateOf(stage)
      const texts = station.stage === null ? ofMapping(station, data) : ofStage(station, data, stage)
      badge.dataset.state = state
      setText(badge, text)
      for (const { label, value } of figures) setText(value, texts[label] ?? '–')
      spark?.show(stage?.history.records ?? [])
    },
  }
}

/** A stage that reports what it does each second. */
function ofStage({ stage: name }, { letters }, stage) {
  if (!stage || stage.instances === 0)
    return { Waiting: stage && count(stage.lag), 'Dead letters': deadOf(letters, name) }
  const [p50, p50Unit] = latency(stage.p50)
  const [p99, p99Unit] = latency(stage.p99)
  return {
    Records: `${rate(stage.records)} /s`,
    Refused: `${rate(stage.failed)} /s`,
    'Given up': `${rate(stage.failed)} /s`,
    Waiting: count(stage.lag),
    'Latency 50 · 99 %':
      p99Unit === '' ? '–' : `${p50}${p50Unit === p99Unit ? '' : ` ${p50Unit}`} · ${p99} ${p99Unit}`,
    'Dead letters': deadOf(letters, name),
  }
}

/** Dead letters of a stage that were not sent back; undefined while they are not known. */
function deadOf(letters, flow) {
  const own = letters.value?.counts.filter((one) => one.flow === flow)
  return own && count(own.reduce((sum, { letters, redriven }) => sum + letters - redriven, 0))
}

const mappingOf = ({ name, group }, { functions }) =>
  functions.value?.rows.find((one) => one.name === name)?.mappings.find((one) => one.group === group)

/** A mapping reports no statistics, but its group has a lag, and Lambda's API its last result. */
function ofMapping(station, data) {
  const mapping = mappingOf(station, data)
  const groups = data.topics.value?.groups.filter(({ group }) => group === station.group)
  return {
    'Batches of': mapping && count(mapping.batchSize),
    Waiting: groups && count(groups.reduce((sum, { lag }) => sum + lag, 0)),
    'Last result': mapping?.lastResult || undefined,
  }
}

function stateOfMapping(station, data) {
  const mapping = mappingOf(station, data)
  if (data.functions.value === null && data.functions.trouble === null)
    return { state: 'silent', text: 'Reading …' }
  if (data.functions.trouble !== null) return { state: 'silent', text: 'Not reporting' }
  if (mapping === undefined) return { state: 'behind', text: 'No mapping' }
  return { state: mapping.state === 'Enabled' ? 'good' : 'behind', text: mapping.state }
}
