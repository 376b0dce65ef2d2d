/** Amazon Kinesis Data Streams, of botocore 1.44.8. */
import { readFileSync } from 'node:fs'
import type { Model } from '../model.ts'

export const kinesisModel = JSON.parse(readFileSync(new URL('kinesis.json', import.meta.url), 'utf8')) as Model
