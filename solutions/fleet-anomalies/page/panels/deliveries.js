/** The delivery log: what became of the messages. */
import { ATTEMPT_HEADS, attemptCells } from '../kit/deliveries.js'
import { element, fillTable } from '../kit/dom.js'
import { at } from '../kit/numbers.js'
import { showSentence } from '../kit/rows.js'

const HEADS = ['At', 'Topic', 'By', ...ATTEMPT_HEADS]

export function openDeliveries(document) {
  const [panel, note, table] = ['deliveries', 'deliveries-note', 'deliveries-table'].map((id) =>
    document.getElementById(id),
  )
  const heads = HEADS.map((text) => Object.assign(element('th', '', text), { scope: 'col' }))
  table.tHead.rows[0].replaceChildren(...heads)
  return {
    show: ({ deliveries }) => {
      showSentence(
        note,
        deliveries.length === 0
          ? 'No message was sent lately. Subscribers of the topics fleet-drivers and fleet-team get them.'
          : '',
      )
      panel.classList.toggle('bare', deliveries.length === 0)
      fillTable(table, deliveries.map(rowOf))
    },
  }
}

const rowOf = (attempt) => [at(attempt.at), attempt.topic, attempt.protocol ?? '–', ...attemptCells(attempt)]
