/** The interface of what actions are directed to outside Weir's own Kafka. */

/** How an attempt went. */
export interface Answer {
  /** `retry`: it may succeed later; `failed`: it never will. */
  readonly verdict: 'done' | 'retry' | 'failed'
  /** Why it failed, in a sentence. */
  readonly text: string
}

export const DONE: Answer = { verdict: 'done', text: '' }

/** The content that an attempt sends. */
export interface Sent {
  readonly payload: Buffer
}

export interface Receiver<P> {
  /** Where the action goes: attempts to the same resource share a lane. */
  resource(parameters: P): string
  /** Makes one attempt. Never rejects: what goes wrong is an answer. */
  send(parameters: P, sent: Sent): Promise<Answer>
}

/** Errors of the client are final, except for too many requests. */
export function answerOf(status: number, text: string): Answer {
  if (status >= 200 && status < 300) return DONE
  const verdict = status >= 500 || status === 429 ? 'retry' : 'failed'
  return { verdict, text: `The answer has status ${status}: ${text.slice(0, 500)}` }
}
