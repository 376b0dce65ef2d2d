/** `weir new step`: a step for a flow, with its test. */
import { solutions } from '@weir/solutions'
import { UsageError } from '../command.ts'
import { hint } from '../nearest.ts'
import type { Changes } from './changes.ts'
import { type Name, nameOf, renaming, requireIdentifier } from './name.ts'

const EXAMPLE = nameOf('example-step')
/** Names that the template and its test use for other things. */
const TAKEN = ['drop', 'expect', 'flow', 'result', 'step', 'test', 'topics', 'unwanted', 'value']

/** Returns what to do next. */
export function newStep(name: Name, flow: string | undefined, changes: Changes): string[] {
  requireIdentifier(name, TAKEN)
  const flows = solutions.flatMap(({ name: solution, flows: own = [] }) =>
    own.map(({ name: known, source }) => ({ solution, known, source })),
  )
  const names = flows.map(({ known }) => known)
  if (flow === undefined) throw new UsageError(`--flow is missing; it is one of ${names.join(', ')}.`)
  const found = flows.find(({ known }) => known === flow)
  if (found === undefined) throw new UsageError(`There is no flow ${flow}.${hint(flow, names)}`)
  const folder = `solutions/${found.solution}`
  changes.createFrom('step', folder, {
    ...renaming(EXAMPLE, name),
    'example-thing.received': found.source,
  })
  return [
    `Write what the step does in ${folder}/${name.kebab}.ts, and what it must return in its test.`,
    `Add .step(${name.camel}) to the flow, anywhere after .step(deps.decode), whose values it takes.`,
    `npx vitest run --project unit ${folder}   runs the tests`,
  ]
}
