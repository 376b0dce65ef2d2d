/** An attempt to deliver a notification, as the cells of a table (`fillTable`). */

export const ATTEMPT_HEADS = ['Outcome', 'Attempt', 'Took', 'Answer']
const OUTCOMES = { delivered: 'delivered', failed: 'failed', postponed: 'postponed', dead: 'given up' }

export const attemptCells = ({ outcome, attempts, durationMs, status, answer, deadLetter }) => [
  {
    text: outcome === 'dead' && deadLetter ? 'dead letter' : OUTCOMES[outcome],
    className: outcome === 'delivered' ? 'good' : 'warn',
  },
  attempts === 0 ? '–' : String(attempts),
  `${durationMs} ms`,
  answer ? `${status}: ${answer}` : status,
]
