/** Part of `npm run generate`: writes the chart's files that derive from others. */
import { readFileSync, writeFileSync } from 'node:fs'
import { solutionsFiles } from './solutions.ts'
import { withTable } from './values-table.ts'

const chart = new URL('../weir/', import.meta.url)
const readme = new URL('README.md', chart)

for (const [name, text] of Object.entries(solutionsFiles()))
  writeFileSync(new URL(`files/${name}`, chart), text)
writeFileSync(
  readme,
  withTable(readFileSync(readme, 'utf8'), readFileSync(new URL('values.yaml', chart), 'utf8')),
)
