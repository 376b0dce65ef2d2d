/** The model of the rules of AWS IoT, from botocore 1.44.8. */
import { readFileSync } from 'node:fs'
import type { Model } from '../model.ts'
import { folderOf } from '../protocols/rest-route.ts'

const published = JSON.parse(readFileSync(new URL('iot.json', import.meta.url), 'utf8')) as Model

/** AWS IoT has many more paths, some of which are also those of its data plane. */
export const iotModel: Model = {
  ...published,
  folders: [...new Set(Object.values(published.operations).map(({ http }) => folderOf(http!.uri)))],
}
