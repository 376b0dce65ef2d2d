/** Writes the saved objects beside this file: node solutions/taxi-telemetry/dashboards/generate.ts */
import { writeFileSync } from 'node:fs'
import { files, ndjson } from './dashboards.ts'

for (const [name, objects] of Object.entries(files))
  writeFileSync(new URL(name, import.meta.url), ndjson(objects))
