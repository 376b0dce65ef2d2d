/** Objects with all records of a delivery, as they are, next to what its endpoint gets. */
import { Readable } from 'node:stream'
import { readFrames } from './frames.ts'
import { writeObjectFile } from './object-file.ts'
import type { ObjectStore } from './object-store.ts'
import type { Attempts, Delivery } from './place.ts'

export async function backUp(
  { key, form, spool }: Delivery,
  store: ObjectStore,
  attempts: Attempts,
  signal: AbortSignal,
): Promise<void> {
  const { bucket, compression, kmsKeyArn } = form
  const file = await attempts.untilDone(() =>
    writeObjectFile(spool, Readable.from(valuesOf(spool.path, signal)), compression),
  )
  await attempts.untilDone(() => store.put({ bucket, key, kmsKeyArn, ...file }, signal))
}

async function* valuesOf(path: string, signal: AbortSignal): AsyncGenerator<Buffer> {
  for await (const frames of readFrames(path, signal)) yield Buffer.concat(frames.map(({ value }) => value))
}
