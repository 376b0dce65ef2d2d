/** The topics of notifications. */
import { fillTable } from '../kit/dom.js'
import { count } from '../kit/numbers.js'
import { showSentence } from '../kit/rows.js'

export function openTopics(document) {
  const [panel, note, table] = ['topics', 'topics-note', 'topics-table'].map((id) =>
    document.getElementById(id),
  )
  return {
    show: ({ topics, totals }) => {
      const more =
        totals.topics > topics.length
          ? `These are the first ${count(topics.length)} of ${count(totals.topics)}.`
          : ''
      showSentence(
        note,
        topics.length === 0 ? 'There is no topic yet: any client of SNS can create one.' : more,
      )
      panel.classList.toggle('bare', topics.length === 0)
      fillTable(
        table,
        topics.map(({ name, confirmed, pending, escalates }) => [
          name,
          count(confirmed),
          { text: count(pending), className: pending > 0 ? 'warn' : '' },
          escalates ? 'yes' : 'no',
        ]),
      )
    },
  }
}
