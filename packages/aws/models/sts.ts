/** The model of the operations of AWS STS that Weir serves, from botocore 1.44.8. */
import { readFileSync } from 'node:fs'
import type { Model } from '../model.ts'

export const stsModel = JSON.parse(readFileSync(new URL('sts.json', import.meta.url), 'utf8')) as Model
