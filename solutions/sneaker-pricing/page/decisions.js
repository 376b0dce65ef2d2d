/** The decisions on prices, as sentences. */
import { percent, whole } from './kit/numbers.js'
import { dollars } from './texts.js'

const VERDICTS = {
  raised: { name: 'Raised', badge: 'behind' },
  lowered: { name: 'Lowered', badge: 'idle' },
  kept: { name: 'Kept', badge: 'good' },
}

/**
 * The decisions of a snapshot, the newest first, each with id, verdict ({ name, badge }), isChange, acted (the rails
 * that acted, in words) and facts (what it was based on, a list of texts). Before the first decision there are none.
 */
export const decisionsOf = ({ decisions = [] }) =>
  decisions.map((decision) => {
    const { at, productId, rails } = decision
    return {
      ...decision,
      id: `${productId}/${at}`,
      isChange: decision.decision === 'change',
      verdict: verdictOf(decision),
      acted: rails.map((rail) => rail.replaceAll('-', ' ')),
      facts: factsOf(decision),
    }
  })

function verdictOf({ decision, fromCents, toCents }) {
  if (decision !== 'change') return VERDICTS.kept
  return toCents > fromCents ? VERDICTS.raised : VERDICTS.lowered
}

function factsOf({ applied, confidence, modelName, modelVersion, stock, toCents, wantedCents }) {
  const facts = []
  if (applied === false) facts.push('not applied')
  if (wantedCents !== null && wantedCents !== toCents) facts.push(`the model wanted ${dollars(wantedCents)}`)
  if (confidence !== null) facts.push(`confidence ${percent(confidence, 1)}`)
  facts.push(`${whole(stock)} in stock`)
  if (modelName !== null) facts.push(modelVersion === null ? modelName : `${modelName} ${modelVersion}`)
  return facts
}
