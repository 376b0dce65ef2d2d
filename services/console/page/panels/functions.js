/** The functions, each followed by the mappings that feed it. */
import { fillTable } from '../kit/dom.js'
import { count } from '../kit/numbers.js'
import { showNote } from './note.js'

export function openFunctions(document) {
  const [panel, note, table] = ['functions', 'functions-note', 'functions-table'].map((id) =>
    document.getElementById(id),
  )
  return {
    show: ({ functions, topics }) => {
      const { rows, more } = functions.value ?? { rows: [], more: false }
      showNote(panel, note, functions, {
        empty:
          rows.length === 0 ? 'There is no function yet: deploy one with npx weir functions deploy.' : '',
        more: more ? `These are the first ${rows.length}; there are more.` : '',
      })
      const lags = new Map()
      for (const { group, lag } of topics.value?.groups ?? []) lags.set(group, (lags.get(group) ?? 0) + lag)
      fillTable(
        table,
        rows.flatMap((row) => [
          functionRow(row),
          ...row.mappings.map((mapping) => mappingRow(mapping, lags)),
        ]),
      )
    },
  }
}

const stateCell = (state, good) => ({ text: state, className: state === good ? 'good' : 'warn' })

const functionRow = ({ name, state, runtime, version }) => [
  name,
  stateCell(state, 'Active'),
  version === null ? runtime : `${runtime}, v${version}`,
  '',
  '',
  '',
]

const mappingRow = ({ source, state, batchSize, lastResult, group }, lags) => [
  { text: source, className: 'sub' },
  stateCell(state, 'Enabled'),
  '',
  count(batchSize),
  lags.has(group) ? count(lags.get(group)) : '–',
  lastResult || '–',
]
