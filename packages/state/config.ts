/** The configuration of keyed state. */
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ConfigReader } from '@weir/config'

export interface StateConfig {
  readonly dir: string
  /** Shared by all states of the process. */
  readonly memory: Memory
  /** Whether copies of partitions that other replicas own are kept too. */
  readonly isStandby: boolean
}

export function stateConfig(reader: ConfigReader): StateConfig {
  return {
    dir: reader.string(
      'STATE_DIR',
      'The folder for copies of states, which make restarts faster. Empty it only while the service is stopped.',
      join(tmpdir(), 'weir-state'),
    ),
    memory: new Memory(
      reader.integer(
        'STATE_MEMORY_MB',
        'The memory for states of keys. What does not fit is read from disk when it is needed.',
        256,
        16,
        1 << 20,
      ) *
        (1 << 20),
    ),
    isStandby: reader.flag(
      'STATE_STANDBY',
      'Whether this replica also keeps copies of the states of others on its disk, so that it takes over within seconds. Each replica then reads all changes of states.',
      false,
    ),
  }
}

/** A table of states has room for half as many bytes again. */
const TABLE_ROOM = 1.5

/** Divides the memory among the partitions that are open. */
export class Memory {
  readonly #bytes: number
  #shares = 0

  constructor(bytes: number) {
    this.#bytes = bytes
  }

  /** The bytes of states that a partition may have in memory. */
  get shareBytes(): number {
    return this.#bytes / Math.max(1, this.#shares) / TABLE_ROOM
  }

  open(): void {
    this.#shares++
  }

  close(): void {
    this.#shares--
  }
}
