/** The model of the data plane of AWS IoT, as far as Weir serves it, from botocore 1.44.8. */
import { readFileSync } from 'node:fs'
import type { Model } from '../model.ts'

const published = JSON.parse(readFileSync(new URL('iot-data.json', import.meta.url), 'utf8')) as Model

/** Shadows have paths that AWS IoT has too. */
export const iotDataModel: Model = { ...published, folders: ['/topics/'] }
