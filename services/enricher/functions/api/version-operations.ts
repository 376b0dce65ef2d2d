/** PublishVersion, ListVersionsByFunction. */
import type { AwsContext, AwsOperations } from '@weir/aws'
import type { FunctionVersion } from '../entries.ts'
import { configurationOf, describedVersion } from './configuration.ts'
import type { Deploying } from './deploying.ts'
import { existingFunction, invalidParameter, namedFunction } from './names.ts'
import { markedPage, type Paging } from './paging.ts'
import { publication } from './publication.ts'
import { checkRevision } from './storing.ts'

interface PublishInput {
  readonly FunctionName: string
  readonly CodeSha256?: string
  readonly Description?: string
  readonly RevisionId?: string
  readonly PublishTo?: string
}

/** The most versions of a page (API reference, ListVersionsByFunction). */
const MAX_LISTED = 50

export function versionOperations({
  service: { functions, catalogue },
  account,
  changeableWhole,
  change,
  refuseFull,
}: Deploying): AwsOperations {
  return {
    async PublishVersion(
      { FunctionName, CodeSha256, Description, RevisionId, PublishTo }: PublishInput,
      context: AwsContext,
    ) {
      const { name } = await changeableWhole(FunctionName, context)
      if (PublishTo !== undefined)
        throw invalidParameter('Versions are published under their numbers here; leave PublishTo out.')
      let number: string
      await change(name, (current) => {
        const { latest } = current
        checkRevision(RevisionId, latest.revisionId)
        checkHash(CodeSha256, latest)
        refuseFull(latest.archive?.bytes ?? 0)
        const { version, changes } = publication(current, Description)
        number = version
        return changes
      })
      return describedVersion(catalogue.get(name)!.versions.get(number!)!, functions, account, number!)
    },
    ListVersionsByFunction(
      { FunctionName, ...paging }: Paging & { readonly FunctionName: string },
      context: AwsContext,
    ) {
      const named = namedFunction(FunctionName, account)
      context.authorize(named.arn)
      const { latest, versions } = existingFunction(functions, named)
      const { items, NextMarker } = markedPage(
        [latest, ...versions.values()],
        ({ version }) => version.padStart(10, '0'),
        paging,
        MAX_LISTED,
      )
      return { Versions: items.map((one) => configurationOf(one, account, one.version)), NextMarker }
    },
  }
}

function checkHash(asked: string | undefined, { archive }: FunctionVersion): void {
  const current = archive === undefined ? '' : Buffer.from(archive.sha256, 'hex').toString('base64')
  if (asked === undefined || asked === current) return
  throw invalidParameter(
    `CodeSHA256 (${asked}) is different from current CodeSHA256 in $LATEST (${current}). ` +
      'Please try again with the CodeSHA256 in $LATEST.',
  )
}
