/** CreateFunction. */
import { randomUUID } from 'node:crypto'
import { type AwsContext, AwsError, type AwsOperations } from '@weir/aws'
import { LATEST, type LatestVersion } from '../entries.ts'
import { type CodeInput, keep, uploadOf, withArchive } from './code-input.ts'
import { configurationOf, PENDING } from './configuration.ts'
import type { Deploying } from './deploying.ts'
import { type SettingsInput, settingsOf } from './function-settings.ts'
import { invalidParameter, wholeFunction } from './names.ts'
import { publication } from './publication.ts'
import { stored } from './storing.ts'
import { checkTags } from './tag-operations.ts'

interface CreateInput extends SettingsInput {
  readonly FunctionName: string
  readonly Code: CodeInput
  readonly Publish?: boolean
  readonly PackageType?: string
  readonly Tags?: Readonly<Record<string, string>>
}

/** The most functions. Lambda has no such bound; each function takes memory in every replica. */
const MAX_FUNCTIONS = 5000
/** Characters of a name without its ARN. */
const MAX_NAME = 64

export function createOperation({
  service,
  account,
  runtimes,
  refuseWhereOff,
  refuseFull,
}: Deploying): AwsOperations {
  const { functions, catalogue, archives, changeFunctions } = service

  const refuseTwin = (name: string): void => {
    if (functions.find(name) !== undefined)
      throw new AwsError('ResourceConflictException', `Function already exist: ${name}`, 409)
    if (catalogue.all().length >= MAX_FUNCTIONS)
      throw invalidParameter(`There are ${MAX_FUNCTIONS} functions; delete one first.`)
  }

  return {
    async CreateFunction(input: CreateInput, context: AwsContext) {
      const { name, arn, here } = wholeFunction(input.FunctionName, account)
      context.authorize(arn)
      refuseWhereOff()
      if (!here)
        throw invalidParameter(
          `Functions are created in the account ${account.accountId} here; give only the name.`,
        )
      checkName(name)
      if (input.PackageType === 'Image')
        throw invalidParameter(
          'Container images are not run here; give the code as a zip archive and leave PackageType out.',
        )
      const settings = settingsOf(input, runtimes.allowed)
      const tags = checkTags({}, input.Tags ?? {})
      refuseTwin(name)
      const upload = await uploadOf(input.Code, archives, context)
      try {
        refuseFull(upload.bytes)
        const made = await withArchive(upload, archives, async (archive) => {
          const latest: LatestVersion = {
            name,
            version: LATEST,
            ...settings,
            archive,
            revisionId: randomUUID(),
            modifiedAt: Date.now(),
            lastPublished: 0,
            tags,
          }
          let version = LATEST
          await stored(
            changeFunctions(() => {
              refuseTwin(name)
              keep(archive, archives)
              if (!input.Publish) return [{ kind: 'latest', id: name, value: latest }]
              const result = publication({ latest, versions: new Map() })
              version = result.version
              return result.changes
            }),
          )
          return { ...latest, version }
        })
        await functions.settled(name)
        return { ...configurationOf(made, account, undefined), ...PENDING }
      } finally {
        await upload.discard()
      }
    },
  }
}

function checkName(name: string): void {
  if (name.length <= MAX_NAME) return
  throw new AwsError(
    'ValidationException',
    `1 validation error detected: Value '${name}' at 'functionName' failed to satisfy constraint: ` +
      `Member must have length less than or equal to ${MAX_NAME}`,
  )
}
