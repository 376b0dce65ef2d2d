/**
 * The actions of a Kinesis Client Library worker, read from its file while the file grows (KclWorker.java).
 */
import { closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs'

/**
 * An event on a shard: a processor began to read it, received a record, reached its end, or lost its lease.
 */
export interface Entry {
  readonly kind: 'begins' | 'record' | 'ended' | 'lost'
  /** Nanoseconds, from a clock that all processes of this machine share. */
  readonly time: bigint
  readonly worker: string
  readonly shard: string
  /** The record's sequence number, or the checkpoint if a processor begins. */
  readonly sequence: string
  /** The record, as key:number. */
  readonly text: string
}

export class Journal {
  readonly entries: Entry[] = []
  /** The shards whose leases the worker holds, as far as it knows. */
  readonly held = new Set<string>()
  readonly #worker: string
  readonly #path: string
  #position = 0

  constructor(worker: string, path: string) {
    this.#worker = worker
    this.#path = path
  }

  /**
   * Reads the entries written since the last call. An unfinished last line is ignored: a worker that was
   * killed did not complete it.
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
