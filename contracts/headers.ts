/** The names of the headers that Weir gives to records. */
export const HEADERS = {
  /** The record's id, unchanged through every flow. */
  id: 'weir-id',
  /** The origin of the record: a simulator, a replay run, a client. Requests to the hub have it, too. */
  source: 'weir-source',
  /** The name of the API key with which the record was sent. */
  client: 'weir-client',
  /** Why the record was written, in a sentence: on records about failed invocations. */
  error: 'weir-error',
  /** On dead letters: the flow and the step that gave up the record, the cause, and TOPIC/PARTITION/OFFSET. */
  deadFlow: 'weir-dead-flow',
  deadStep: 'weir-dead-step',
  deadCode: 'weir-dead-code',
  deadOrigin: 'weir-dead-origin',
  /** On a redriven record: TOPIC/PARTITION/OFFSET of its dead letter. */
  redriven: 'weir-redriven',
  /** On a mark in a dead-letter topic: the offset of the dead letter that was redriven. */
  redrivenOffset: 'weir-redriven-offset',
} as const

/** True for the headers that a dead letter has in addition to those of its record. */
export const isDeadLetterHeader = (name: string): boolean => name.startsWith('weir-dead-')
