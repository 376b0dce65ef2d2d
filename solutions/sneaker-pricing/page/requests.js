/** Changes that a viewer asks the enricher for. */
import { refusalOf } from './kit/refusal.js'

const UNANSWERED = 'The server does not answer, so it is unknown whether anything has changed; try again.'
const JSON_BODY = { 'content-type': 'application/json' }

/** Resolves to a sentence if the request is refused, else to null. @param body undefined removes what is there */
export function ask(path, body) {
  const options =
    body === undefined
      ? { method: 'DELETE' }
      : { method: 'PUT', headers: JSON_BODY, body: JSON.stringify(body) }
  return refusalOf(fetch(`../v1/${path}`, options), UNANSWERED)
}
