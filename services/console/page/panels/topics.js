/** The topics, each followed by the consumer groups that read it. */
import { fillTable } from '../kit/dom.js'
import { count, rate } from '../kit/numbers.js'
import { showNote } from './note.js'

export function openTopics(document) {
  const [panel, note, table] = ['topics', 'topics-note', 'topics-table'].map((id) =>
    document.getElementById(id),
  )
  return {
    show: ({ topics }) => {
      const { topics: rows, groups, more } = topics.value ?? { topics: [], groups: [], more: false }
      const missing = rows.some(({ partitions }) => partitions === 0)
      showNote(panel, note, topics, {
        more: missing
          ? 'Some topics are missing: npx weir topics apply creates them.'
          : more
            ? 'Only the first 200 streams and the first 200 consumer groups are listed; there are more.'
            : '',
      })
      const known = new Set(rows.map(({ name }) => name))
      const others = [...new Set(groups.map(({ topic }) => topic))].filter((name) => !known.has(name))
      fillTable(table, [
        ...rows.flatMap((row) => [topicRow(row), ...groupRows(groups, row.name)]),
        ...others.flatMap((name) => [[name, '', '', '', ''], ...groupRows(groups, name)]),
      ])
    },
  }
}

const topicRow = ({ name, partitions, records, perSecond }) =>
  partitions === 0
    ? [name, { text: 'missing', className: 'warn' }, '', '', '']
    : [name, count(partitions), count(records), perSecond === null ? '–' : rate(perSecond), '']

const groupRows = (groups, topic) =>
  groups
    .filter((one) => one.topic === topic)
    .map(({ group, state, lag }) => [
      { text: group, className: 'sub' },
      { text: /^stable$/i.test(state) ? '' : state, className: 'warn' },
      '',
      '',
      count(lag),
    ])
