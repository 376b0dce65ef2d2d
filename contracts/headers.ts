/** The names of the headers that Weir gives to records. */
export const HEADERS = {
  /** The record's id, unchanged through every flow. */
  id: 'weir-id',
  /** The origin of the record: a simulator, a replay run, a client. Clients may set it on requests to the hub. */
  source: 'weir-source',
  /** The name of the API key with which the record was sent. */
  client: 'weir-client',
  /** On records about failed invocations: the error, in a sentence. */
  error: 'weir-error',
  /** On dead letters: the flow that gave up the record. */
  deadFlow: 'weir-dead-flow',
  /** On dead letters: the step of the flow. */
  deadStep: 'weir-dead-step',
  /** On dead letters: the kind of the cause. */
  deadCode: 'weir-dead-code',
  /** On dead letters: TOPIC/PARTITION/OFFSET of the record. */
  deadOrigin: 'weir-dead-origin',
  /** On a redriven record: TOPIC/PARTITION/OFFSET of its dead letter. */
  redriven: 'weir-redriven',
  /** On processed records of delivery streams: when the record arrived at the source, ms since the epoch. */
  arrivedAt: 'weir-arrived-at',
  /** On those that could not be processed: why, in JSON. */
  failure: 'weir-failure',
  /** On those for which a function has answered keys for the names of objects: these keys, a JSON object of strings. */
  partitionKeys: 'weir-partition-keys',
  /** On the record without a value that marks a dead letter as redriven: that letter's offset. */
  redrivenOffset: 'weir-redriven-offset',
} as const

/** True for the headers that a dead letter has in addition to those of its record. */
export const isDeadLetterHeader = (name: string): boolean => name.startsWith('weir-dead-')
