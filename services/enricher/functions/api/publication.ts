/** Publishes $LATEST under the next number, unless nothing has changed since the last one. */
import { randomUUID } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import type { Change } from '@weir/control'
import type { DeployedFunction } from '../catalogue.ts'
import type { FunctionVersion, LatestVersion } from '../entries.ts'
import { invalidParameter } from './names.ts'

/** The most versions of a function. Lambda bounds only the bytes of their code. */
const MAX_VERSIONS = 1000

export interface Publication {
  /** The version's number. */
  readonly version: string
  readonly changes: readonly Change[]
}

/** Returns the changes to write, $LATEST among them. */
export function publication(
  { latest, versions }: Pick<DeployedFunction, 'latest' | 'versions'>,
  description?: string,
): Publication {
  const last = versions.get(String(latest.lastPublished))
  const name = latest.name
  const isDescribedAnew = (latest.publishedDescription ?? latest.description) !== latest.description
  if (last !== undefined && !isDescribedAnew && isDeepStrictEqual(contentOf(last), contentOf(latest))) {
    return { version: last.version, changes: [{ kind: 'latest', id: name, value: latest }] }
  }
  if (versions.size >= MAX_VERSIONS)
    throw invalidParameter(`${name} has ${MAX_VERSIONS} versions; delete some first.`)
  const version = String(latest.lastPublished + 1)
  const { lastPublished, publishedDescription: _, reserved, tags, ...content } = latest
  const published: FunctionVersion = {
    ...content,
    version,
    description: description ?? latest.description,
    revisionId: randomUUID(),
  }
  return {
    version,
    changes: [
      { kind: 'version', id: `${name}:${version}`, value: published },
      {
        kind: 'latest',
        id: name,
        value: {
          ...latest,
          lastPublished: lastPublished + 1,
          publishedDescription: latest.description,
          revisionId: randomUUID(),
        } satisfies LatestVersion,
      },
    ],
  }
}

/** The parts in which two versions must differ. Descriptions are compared on their own: a version may have its own. */
function contentOf({
  runtime,
  handler,
  role,
  memoryMb,
  timeoutMs,
  environment,
  noted,
  archive,
  module,
}: FunctionVersion): unknown {
  return JSON.parse(
    JSON.stringify({
      runtime,
      handler,
      role,
      memoryMb,
      timeoutMs,
      environment,
      noted,
      code: archive?.sha256 ?? module,
    }),
  )
}
