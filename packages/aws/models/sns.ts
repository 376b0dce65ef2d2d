/** The model of SNS, from botocore 1.44.8. */
import { readFileSync } from 'node:fs'
import type { Model } from '../model.ts'

export const snsModel = JSON.parse(readFileSync(new URL('sns.json', import.meta.url), 'utf8')) as Model
