/** Published versions: a contract that has changed gets the next number. Files are only ever added. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import type { AvroSchema } from '../avro.ts'
import { incompatibilities } from '../compatibility.ts'
import { pathOf, publishedFile, publishedVersions, readContract } from '../load.ts'

/**
 * Returns the files written. Throws, without writing anything, if a contract is incompatible with a published
 * version.
 */
export function publish(contracts: readonly URL[]): string[] {
  const changed = contracts.filter(isChanged)
  const problems = changed.flatMap((contract) => incompatibilities(contract))
  if (problems.length > 0) throw new Error(`Nothing was published:\n${problems.join('\n')}`)
  return changed.map((contract) => {
    const file = publishedFile(contract, (publishedVersions(contract).at(-1)?.version ?? 0) + 1)
    mkdirSync(new URL('./', file), { recursive: true })
    writeFileSync(file, `${JSON.stringify(readContract(contract), null, 2)}\n`)
    return pathOf(file)
  })
}

/**
 * True if the contract differs from its newest published version. Doc strings may be improved without a new
 * version: they do not affect the encoded bytes.
 */
export function isChanged(contract: URL): boolean {
  const newest = publishedVersions(contract).at(-1)
  return (
    newest === undefined ||
    !isDeepStrictEqual(withoutDocs(newest.schema), withoutDocs(readContract(contract)))
  )
}

function withoutDocs(schema: AvroSchema): unknown {
  return JSON.parse(
    JSON.stringify(schema, (name, value) =>
      name === 'doc' && typeof value === 'string' ? undefined : value,
    ),
  )
}
