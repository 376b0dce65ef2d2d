/** A pool of batch writers: growing a buffer to its size once costs more than filling it. */
import { BatchWriter } from './batch-writer.ts'

/** At most MAX_IDLE writers are kept, with buffers of at most MAX_BYTES bytes each. */
const MAX_IDLE = 24
const MAX_BYTES = 1024 * 1024

const idle: BatchWriter[] = []

export function takeWriter(): BatchWriter {
  return idle.pop() ?? new BatchWriter()
}

export function giveWriter(writer: BatchWriter): void {
  if (idle.length >= MAX_IDLE || writer.bytes.length > MAX_BYTES) return
  writer.clear()
  idle.push(writer)
}
