/** Batch writers to use again: growing a buffer to its size once is dearer than filling it. */
import { BatchWriter } from './batch-writer.ts'

/** What lies idle is at most so many buffers of at most so many bytes. */
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
