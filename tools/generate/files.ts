/** Every file that is generated from the tables of topics. */
import { asyncApi } from '@weir/contracts/generate/asyncapi.ts'
import { platformTypesFile, solutionTypesFile } from '@weir/contracts/generate/files.ts'
import { solutions, topics } from '@weir/solutions'

const ROOT = new URL('../../', import.meta.url)

/** Returns the files' contents, by their paths in the repository. */
export function generatedFiles(): Record<string, string> {
  const ofSolutions = solutions.flatMap(({ name, topics: own }) => {
    if (own === undefined) return []
    const folder = `solutions/${name}/`
    return [[`${folder}generated/types.ts`, solutionTypesFile(new URL(folder, ROOT), own)] as const]
  })
  return {
    'contracts/generated/types.ts': platformTypesFile(),
    ...Object.fromEntries(ofSolutions),
    'solutions/generated/asyncapi.json': `${JSON.stringify(asyncApi(topics), null, 2)}\n`,
  }
}
