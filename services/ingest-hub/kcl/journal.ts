/** What a worker of the Kinesis Client Library did, as its file tells it while it grows (KclWorker.java). */
import { closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs'

/**
 * What happened to a shard: a processor began to read it, was given a record, saw its end, or lost its lease.
 */
export interface Entry {
  readonly kind: 'begins' | 'record' | 'ended' | 'lost'
  /** Nanoseconds, of a clock that all processes of this machine share. */
  readonly time: bigint
  readonly worker: string
  readonly shard: string
  /** Of a record its own; where a processor begins, the checkpoint. */
  readonly sequence: string
  /** The record: key:number. */
  readonly text: string
}

export class Journal {
  readonly entries: Entry[] = []
  /** The shards whose leases the worker has, as far as it knows. */
  readonly held = new Set<string>()
  readonly #worker: string
  readonly #path: string
  #position = 0

  constructor(worker: string, path: string) {
    this.#worker = worker
    this.#path = path
  }

  /**
   * Takes in what was written since. A last line without an end is left: who was killed did not finish it.
   */
  read(): void {
    if (!existsSync(this.#path)) return
    const file = openSync(this.#path, 'r')
    const added = Buffer.alloc(fstatSync(file).size - this.#position)
    readSync(file, added, 0, added.length, this.#position)
    closeSync(file)
    const end = added.lastIndexOf('\n') + 1
    this.#position += end
    for (const line of added.toString('utf8', 0, end).split('\n')) if (line !== '') this.#take(line)
  }

  #take(line: string): void {
    const [kind, time, shard, sequence = '', text = ''] = line.split(' ')
    this.entries.push({
      kind: kind as Entry['kind'],
      time: BigInt(time),
      worker: this.#worker,
      shard,
      sequence,
      text,
    })
    if (kind === 'begins') this.held.add(shard)
    if (kind === 'ended' || kind === 'lost') this.held.delete(shard)
  }
}
