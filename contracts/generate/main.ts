/**
 * `npm run generate`: writes contracts/generated from topics.ts and the .avsc files. With --publish, also
 * writes a new version file for each contract that has changed.
 */
import { writeFileSync } from 'node:fs'
import { generatedFiles } from './files.ts'
import { publish } from './publish.ts'

try {
  for (const [name, text] of Object.entries(generatedFiles())) {
    writeFileSync(new URL(`../generated/${name}`, import.meta.url), text)
    console.log(`generated/${name}`)
  }
  if (process.argv.includes('--publish')) for (const file of publish()) console.log(`published ${file}`)
} catch (error) {
  console.error((error as Error).message)
  process.exitCode = 1
}
