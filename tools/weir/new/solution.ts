/** `weir new solution`: topics with contracts, a flow, an index and a simulator in a folder of their own. */
import { topicFamilies } from '@weir/contracts'
import { solutions } from '@weir/solutions'
import { Refused } from '../command.ts'
import type { Changes } from './changes.ts'
import { type Name, nameOf, renaming } from './name.ts'

const EXAMPLE = nameOf('example-thing')
const RESERVED = ['weir.', ...Object.keys(topicFamilies)]

/** Returns what to do next. */
export function newSolution(name: Name, changes: Changes): string[] {
  const { kebab } = name
  const taken = solutions.flatMap(({ name: solution, flows = [], sinks = [] }) => [
    solution,
    ...flows.map((flow) => flow.name),
    ...sinks.map((sink) => sink.name),
  ])
  if (taken.includes(kebab))
    throw new Refused(`A solution, a flow or a sink is already called ${kebab}; choose another name.`)
  if (RESERVED.some((prefix) => `${kebab}.`.startsWith(prefix)))
    throw new Refused(`Topic names that begin with ${kebab}. belong to the platform; choose another name.`)
  changes.requireNew(`solutions/${kebab}`)
  changes.createFrom('solution', `solutions/${kebab}`, renaming(EXAMPLE, name))
  changes.insert(
    'solutions/index.ts',
    '\n])\n\nexport const solutions',
    `\n  import('./${kebab}/solution.ts'),`,
  )
  return [
    `npx vitest run --project unit solutions/${kebab}   runs its tests`,
    `npx weir up --solutions ${kebab}   runs it with simulated sensors`,
    `npx weir tail ${kebab}.checked   shows what comes out of its flow`,
    `npm run test:chart -- -u   renders the chart again; helm test covers the new solution too`,
    `Replace the records in solutions/${kebab}/contracts with yours, before topics hold data of them; then \`npm run generate -- --publish\`.`,
  ]
}
