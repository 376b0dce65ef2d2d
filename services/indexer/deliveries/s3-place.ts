/** Objects in S3. They are tried until the store has them. */
import { makeObjectFile, removeObjectFile } from './object-file.ts'
import type { ObjectStore } from './object-store.ts'
import type { Place } from './place.ts'

export const s3Place = (store: ObjectStore): Place => ({
  async deliver({ spool, key, form }, attempts, signal) {
    const { bucket, compression, kmsKeyArn } = form
    try {
      const file = await attempts.untilDone(() => makeObjectFile(spool, compression, signal))
      await attempts.untilDone(() => store.put({ bucket, key, kmsKeyArn, ...file }, signal))
    } finally {
      await removeObjectFile(spool)
    }
  },
})
