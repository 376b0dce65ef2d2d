/**
 * The tasks of a member: one for each partition number. A task is open while this member has that partition
 * of every input topic.
 */
import { KafkaError } from '../../errors.ts'
import type { Appender, OpenTask, Position, RecordBatch, Task } from '../../port.ts'
import { isForHandlers } from '../../unreadable.ts'
import type { TopicPartition } from '../protocol/wire.ts'

/** How often tasks are called for what is due at a time. */
export const TICK_MS = 100

export class Tasks {
  readonly #topics: readonly string[]
  readonly #open: OpenTask
  readonly #slots = new Map<number, TaskSlot>()

  constructor(topics: readonly string[], open: OpenTask) {
    this.#topics = topics
    this.#open = open
  }

  /**
   * Returns the slot that the partition shares with those of the same number. With one topic, each assignment
   * has a slot of its own: it need not wait for a handler that still runs for an assignment that was lost.
   */
  slot({ partition }: TopicPartition): TaskSlot {
    const fresh = (): TaskSlot => new TaskSlot(partition, this.#topics, this.#open)
    if (this.#topics.length === 1) return fresh()
    let slot = this.#slots.get(partition)
    if (slot === undefined) this.#slots.set(partition, (slot = fresh()))
    return slot
  }
}

export class TaskSlot {
  readonly #partition: number
  readonly #topics: readonly string[]
  readonly #open: OpenTask
  readonly #offsets = new Map<string, number>()
  #task: Task | undefined
  /**
   * Topics whose last batch failed. The task may know what is not committed, and gets nothing of any topic until the
   * reading of these has begun again.
   */
  readonly #failed = new Set<string>()
  #nextTick = 0
  /** Resolves when the last turn that was asked for has ended. */
  #turns: Promise<unknown> = Promise.resolve()
  #whole = Promise.withResolvers<void>()

  constructor(partition: number, topics: readonly string[], open: OpenTask) {
    this.#partition = partition
    this.#topics = topics
    this.#open = open
  }

  /** Reading of the topic's partition goes on at the offset. */
  begin(topic: string, offset: number, signal: AbortSignal): Promise<void> {
    return this.#turn(async () => {
      this.#offsets.set(topic, offset)
      if (this.#offsets.size < this.#topics.length) return
      this.#fail(topic)
      this.#task ??= this.#open(this.#partition)
      const positions = this.#topics.map(
        (topic): Position => ({ topic, partition: this.#partition, offset: this.#offsets.get(topic)! }),
      )
      await this.#task.begin?.(positions, signal)
      this.#failed.delete(topic)
      if (this.#isWhole) this.#whole.resolve()
    })
  }

  /**
   * Runs `work` on a batch of the topic when all that was asked for before has ended, and the member has all partitions
   * of the task. If the work fails, nothing is run before begin().
   */
  async run(topic: string, work: () => Promise<void>, signal: AbortSignal): Promise<void> {
    for (let hasRun = false; !hasRun; ) {
      await this.#untilWhole(signal)
      hasRun = await this.#turn(async () => {
        if (signal.aborted) throw new KafkaError('stopped', `Handling ${topic}/${this.#partition}`)
        // The turn before this one has failed.
        if (this.#failed.size > 0) return false
        try {
          await work()
        } catch (error) {
          if (this.#task !== undefined) this.#fail(topic)
          throw error
        }
        return true
      })
    }
  }

  get #isWhole(): boolean {
    return this.#task !== undefined && this.#failed.size === 0
  }

  #fail(topic: string): void {
    if (this.#isWhole) this.#whole = Promise.withResolvers()
    this.#failed.add(topic)
  }

  #turn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turns.then(work)
    this.#turns = turn.catch(() => {})
    return turn
  }

  /** Whether the task wants to be called though no records come. */
  get ticks(): boolean {
    return this.#task?.tick !== undefined
  }

  /** Resolves when the task is whole or has ended, or when the signal aborts. */
  async #untilWhole(signal: AbortSignal): Promise<void> {
    if (this.#isWhole || signal.aborted) return
    const aborted = Promise.withResolvers<void>()
    const abort = (): void => aborted.resolve()
    signal.addEventListener('abort', abort)
    await Promise.race([this.#whole.promise, aborted.promise])
    signal.removeEventListener('abort', abort)
  }

  /** Hands the batch over, and what is due. Called by the work of run(). */
  async handle(batch: RecordBatch, out: Appender, signal: AbortSignal): Promise<void> {
    if (this.#task === undefined)
      throw new KafkaError(
        'fenced',
        `A partition of the task of ${batch.topic}/${batch.partition} was given up`,
      )
    if (isForHandlers(batch)) await this.#task.process(batch, out, signal)
    const now = Date.now()
    if (this.#task.tick === undefined || now < this.#nextTick) return
    this.#nextTick = now + TICK_MS
    await this.#task.tick(now, out, signal)
  }

  /** The records before the offset are done. */
  done(topic: string, offset: number): void {
    this.#offsets.set(topic, offset)
  }

  /** The member has the topic's partition no longer. */
  end(topic: string): Promise<void> {
    return this.#turn(async () => {
      this.#offsets.delete(topic)
      const task = this.#task
      if (task === undefined) return
      this.#task = undefined
      this.#failed.clear()
      this.#whole.resolve()
      this.#whole = Promise.withResolvers()
      await task.end?.()
    })
  }
}
