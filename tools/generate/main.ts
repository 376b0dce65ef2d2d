/**
 * `npm run generate`: writes the generated files from the tables of topics and the .avsc files. With --publish,
 * also writes a new version file for each contract that has changed.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { publish } from '@weir/contracts/generate/publish.ts'
import { contractsOf } from '@weir/contracts/load.ts'
import { topics } from '@weir/solutions'
import { generatedFiles } from './files.ts'

try {
  for (const [path, text] of Object.entries(generatedFiles())) {
    const file = new URL(`../../${path}`, import.meta.url)
    mkdirSync(new URL('./', file), { recursive: true })
    writeFileSync(file, text)
    console.log(path)
  }
  if (process.argv.includes('--publish'))
    for (const file of publish(contractsOf(topics))) console.log(`published ${file}`)
} catch (error) {
  console.error((error as Error).message)
  process.exitCode = 1
}
