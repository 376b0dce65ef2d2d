/** Part of `npm run generate`: writes the chart's files that derive from others. */
import { readFileSync, writeFileSync } from 'node:fs'
import { solutionsFile } from './solutions.ts'
import { withTable } from './values-table.ts'

const chart = new URL('../weir/', import.meta.url)
const readme = new URL('README.md', chart)

writeFileSync(new URL('files/solutions.json', chart), solutionsFile())
writeFileSync(
  readme,
  withTable(readFileSync(readme, 'utf8'), readFileSync(new URL('values.yaml', chart), 'utf8')),
)
