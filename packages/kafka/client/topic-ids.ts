import { setTimeout as sleep } from 'node:timers/promises'
import { KafkaError } from '../errors.ts'

/**
 * A topic that was deleted and recreated under its name has another id. Each committed offset records which
 * topic it belongs to, in the metadata that Kafka keeps with it. No group begins at an offset of another
 * topic (decision 11).
 */
export interface Committed {
  /** -1 if there is none. */
  readonly offset: number
  /** Undefined in commits by other programs, and by versions of Weir before decision 11. */
  readonly topicId: string | undefined
}

const LABEL = 'topic-id='
/** 32 hex digits, as drivers write ids. */
const ID = /^topic-id=([0-9a-f]{32})$/

/** False before Kafka 2.8, where topics have no ids. */
export function isTopicId(id: string): boolean {
  return /[1-9a-f]/.test(id)
}

/** The metadata of a commit for this topic. */
export function metadataOf(topicId: string): string | null {
  return isTopicId(topicId) ? LABEL + topicId : null
}

export function topicIdIn(metadata: string | null): string | undefined {
  return ID.exec(metadata ?? '')?.[1]
}

/**
 * Why a partition begins again: its name belongs to another topic now, or its log ends before the position.
 */
export type Loss = 'recreated' | 'beyond-end'

/** Messages for the log. */
export const TRIMMED = 'Records were removed from the log before they were read here'
export const BEYOND_END = 'The log ends before the position'

/** The topic that this member knew when it was opened, or has read in the partition. */
export interface Before {
  readonly topicId: string
  readonly loss: Loss | undefined
}

export interface Beginning {
  readonly topicId: string
  readonly position: number
  /**
   * True if the group has not committed this offset yet. Committed at once, it makes the lag known, and a
   * later member begins there too.
   */
  readonly commit: boolean
}

/** The partition as a driver sees it. */
export interface Source {
  committed(): Promise<Committed>
  /** The topic's id in this client's metadata. Rejects with `unknown-topic`. */
  knownId(): Promise<string>
  /** The topic's id once all brokers that answer give the same one. Rejects with `unknown-topic`. */
  agreedId(): Promise<string>
  offset(place: 'earliest' | 'latest'): Promise<number>
}

/** Finds where a member of a group begins in a partition. */
export async function beginning(
  source: Source,
  startAt: 'earliest' | 'latest',
  before: Before | undefined,
): Promise<Beginning> {
  const { offset, topicId: committedId } = await source.committed()
  let topicId = await source.knownId()
  // A broker that lags behind does not know which of the two is older.
  if (isOther(committedId, topicId) || isOther(before?.topicId, topicId)) topicId = await source.agreedId()

  const recreated =
    isOther(committedId, topicId) || (committedId === undefined && isOther(before?.topicId, topicId))
  // The group is older than the topic, so none of its records may be skipped. If its log begins later, the
  // leader reports that when it is asked by id.
  if (recreated) return { topicId, position: 0, commit: true }
  const beyondEnd = before?.loss === 'beyond-end'
  if (offset < 0)
    return { topicId, position: await source.offset(beyondEnd ? 'earliest' : startAt), commit: true }
  const gone = beyondEnd && offset > (await source.offset('latest'))
  if (gone) return { topicId, position: await source.offset('earliest'), commit: true }
  return { topicId, position: offset, commit: isTopicId(topicId) && committedId !== topicId }
}

/** Whether the member starts over with the partition, which is worth a line in the log. */
export function startsOver({ topicId, commit }: Beginning, before: Before): boolean {
  return before.loss !== undefined || (commit && before.topicId !== topicId)
}

function isOther(id: string | undefined, topicId: string): boolean {
  return id !== undefined && isTopicId(topicId) && id !== topicId
}

/**
 * Brokers learn of a topic within milliseconds; a broker that does not is expelled after 9 s
 * (broker.session.timeout.ms).
 */
const AGREEMENT_MS = 10_000
const AGREEMENT_PAUSE_MS = 100

/**
 * Repeats `ask` until all answers give the same id, and returns one of them.
 * @param ask resolves to the answers of all brokers that give one
 */
export async function untilAgreed<T>(
  topic: string,
  ask: () => Promise<readonly T[]>,
  idOf: (answer: T) => string | undefined,
): Promise<T> {
  for (const until = Date.now() + AGREEMENT_MS; Date.now() < until; await sleep(AGREEMENT_PAUSE_MS)) {
    const answers = await ask()
    if (new Set(answers.map(idOf)).size === 1) return answers[0]
  }
  throw new KafkaError('no-broker', `The brokers do not agree on the id of topic ${topic}`)
}
