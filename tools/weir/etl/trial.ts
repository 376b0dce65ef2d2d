/** Runs a flow over values without Kafka: the same steps, and the same windows per partition. */
import { compileDecoder } from '@weir/codec/avro/decode.ts'
import { compileEncoder } from '@weir/codec/avro/encode.ts'
import { fromJson, parseSchema } from '@weir/contracts/avro.ts'
import { schemaOf } from '@weir/contracts/load.ts'
import { Dead, drop, type PublishedFlow, type Source, step } from '@weir/flow'
import { partitionOfKey } from '@weir/kafka'
import { type FlowDefinition, type Solution, topics } from '@weir/solutions'
import { MemoryStates } from '@weir/state/memory-states.ts'
import { timersOf, WindowOperator } from '@weir/windows'

/** A value with its place in the input. */
export interface Given {
  readonly place: number
  readonly id?: string
  readonly value: unknown
}

export interface Fault {
  readonly place: number
  readonly code: string
  readonly message: string
}

export interface TrialCounts {
  values: number
  results: number
  dead: number
  late: number
  /** Records that the flow left out, or sent to other topics, by the step and the reason or topic. */
  readonly others: Map<string, number>
}

export interface TrialOptions {
  readonly solution: Solution
  readonly flow: FlowDefinition
  /** Rows of compacted topics, by topic. Tables of items have their seeds. */
  readonly rows: ReadonlyMap<string, readonly Readonly<Record<string, unknown>>[]>
  readonly windowMs?: number
  result(value: unknown): void
  fault(fault: Fault): void
}

export class Trial {
  readonly counts: TrialCounts = { values: 0, results: 0, dead: 0, late: 0, others: new Map() }
  readonly #options: TrialOptions
  readonly #flow: PublishedFlow<number, any, Source>
  readonly #recode: (value: unknown) => unknown
  readonly #operators = new Map<number, WindowOperator<any, any, unknown>>()
  /** The values of the batch that runs. */
  #batch: readonly Given[] = []

  constructor(options: TrialOptions) {
    this.#options = options
    this.#recode = recoder(options.flow)
    this.#flow = this.#built()
  }

  /** Runs some values through the flow, after those before. */
  async add(batch: readonly Given[]): Promise<void> {
    this.#batch = batch
    this.counts.values += batch.length
    const source = sourceOf(batch.length)
    const { values, indices, dead, routed, dropped } = await this.#flow.run([...batch.keys()], source)
    for (const { index, cause } of dead) this.#dead(index, cause.code, cause.message)
    for (const { step: name, topic } of routed) this.#count(`${name} → ${topic}`)
    for (const [reason, count] of dropped) this.#count(reason, count)
    for (const [k, value] of values.entries())
      if (this.#flow.windows === undefined) this.#result(value)
      else this.#window(indices[k], value)
  }

  /** Ends the input: windows that may have results without further records have them. */
  end(): void {
    for (const operator of this.#operators.values()) {
      operator.finish(0)
      // A turn has a limited number of results.
      for (let before = -1; before !== this.counts.results; ) {
        before = this.counts.results
        operator.tick(Number.MAX_SAFE_INTEGER)
      }
    }
  }

  #built(): PublishedFlow<number, any, Source> {
    const { flow, solution, rows, windowMs } = this.#options
    const ids = new Set<string>()
    const repeated = drop('repeated')
    return flow.build({
      once: () =>
        step('once', (index: number) => {
          const { id } = this.#batch[index]
          if (id === undefined) return index
          if (ids.has(id)) return repeated
          ids.add(id)
          return index
        }),
      decode: step('decode', (index: number) => {
        try {
          return this.#recode(this.#batch[index].value)
        } catch (error) {
          return new Dead('invalid', (error as Error).message)
        }
      }),
      now: Date.now,
      table: (name) => ({
        version: 1,
        entries: new Map(Object.entries(solution.tables?.[name]?.seed ?? {})),
      }),
      rows: (topic) => rowsOf(topic, solution, rows),
      ...(windowMs !== undefined && { windowMs }),
    })
  }

  #window(index: number, value: any): void {
    const { key: field, time } = this.#flow.windows!
    const key = Buffer.from(String(value[field]))
    const partition = partitionOfKey(key, topics[this.#options.flow.source].partitions)
    try {
      const timeMs = value[time]
      // Whoever tries a flow out has records of any time: each arrives at its own.
      const placed = this.#operatorOf(partition).add(key, 0, key.length, value, timeMs, timeMs)
      if (placed === 'late') this.counts.late++
    } catch (error) {
      this.#dead(index, (error as { code?: string }).code ?? 'failed', (error as Error).message)
    }
  }

  #operatorOf(partition: number): WindowOperator<any, any, unknown> {
    const known = this.#operators.get(partition)
    if (known !== undefined) return known
    const { definition } = this.#flow.windows!
    const states = new MemoryStates<any>((state) => timersOf(state, definition))
    const operator = new WindowOperator<any, any, unknown>(definition, states, (result) =>
      this.#result(result),
    )
    operator.begin(0)
    this.#operators.set(partition, operator)
    return operator
  }

  #result(value: unknown): void {
    this.counts.results++
    this.#options.result(value)
  }

  #dead(index: number, code: string, message: string): void {
    this.counts.dead++
    this.#options.fault({ place: this.#batch[index].place, code, message })
  }

  #count(reason: string, count = 1): void {
    this.counts.others.set(reason, (this.counts.others.get(reason) ?? 0) + count)
  }
}

/** Returns a function that gives a value the form that it has after a topic. It throws for one that the contract refuses. */
function recoder({ source }: FlowDefinition): (value: unknown) => unknown {
  const node = parseSchema(schemaOf(topics[source]))
  const [encode, decode] = [compileEncoder(node), compileDecoder(node, node)]
  let bytes = Buffer.alloc(64 << 10)
  return (value) => {
    const given = fromJson(node, value)
    let end = encode(given, bytes, 0)
    for (; end < 0; end = encode(given, bytes, 0)) bytes = Buffer.alloc(bytes.length * 2)
    return decode(bytes, 0, end)
  }
}

function rowsOf(
  topic: string,
  { itemTables = {} }: Solution,
  given: TrialOptions['rows'],
): ReadonlyMap<string, any> {
  const { key } = topics[topic as keyof typeof topics]
  const node = parseSchema(schemaOf(topics[topic as keyof typeof topics]))
  const seed = Object.values(itemTables).find(({ rows }) => rows === topic)?.seed ?? []
  const rows = given.get(topic) ?? seed.map((item) => withDefaults(node, item))
  return new Map(rows.map((row) => [String(row[key!]), row]))
}

/** Optional fields that an item does not have are null in its row. */
function withDefaults(node: ReturnType<typeof parseSchema>, item: Readonly<Record<string, unknown>>) {
  const fields = node.kind === 'record' ? node.fields.map(({ name }) => [name, null] as const) : []
  return { ...Object.fromEntries(fields), ...item }
}

/** Steps find a record's time of arrival here, and nothing else: there are no bytes. */
function sourceOf(length: number): Source {
  return {
    bytes: Buffer.alloc(0),
    valueStart: new Int32Array(length),
    valueEnd: new Int32Array(length),
    timestamps: new Float64Array(length).fill(Date.now()),
  }
}
