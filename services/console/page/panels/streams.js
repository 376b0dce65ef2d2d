/** The streams with their shards. */
import { fillTable } from '../kit/dom.js'
import { count } from '../kit/numbers.js'
import { showNote } from './note.js'

export function openStreams(document) {
  const [panel, note, table] = ['streams', 'streams-note', 'streams-table'].map((id) =>
    document.getElementById(id),
  )
  return {
    show: ({ streams }) => {
      const { rows, more } = streams.value ?? { rows: [], more: false }
      showNote(panel, note, streams, {
        empty: rows.length === 0 ? 'There is no stream yet: any client of Kinesis can create one.' : '',
        more: more ? `These are the first ${rows.length}; there are more.` : '',
      })
      fillTable(
        table,
        rows.map(({ name, status, shards, retentionHours, consumers }) => [
          name,
          { text: words(status), className: status === 'ACTIVE' ? 'good' : 'warn' },
          count(shards),
          kept(retentionHours),
          count(consumers),
        ]),
      )
    },
  }
}

const words = (status) => status.charAt(0) + status.slice(1).toLowerCase()
const kept = (hours) => (hours >= 48 && hours % 24 === 0 ? `${hours / 24} days` : `${hours} h`)
