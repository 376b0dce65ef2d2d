/** UpdateFunctionCode and UpdateFunctionConfiguration. */
import type { AwsContext, AwsOperations } from '@weir/aws'
import type { Archive } from '../code/archive.ts'
import { LATEST, type LatestVersion } from '../entries.ts'
import { type CodeInput, keep, uploadOf, withArchive } from './code-input.ts'
import { configurationOf, PENDING, UPDATING } from './configuration.ts'
import type { Deploying } from './deploying.ts'
import { type SettingsInput, settingsOf } from './function-settings.ts'
import { checkRevision } from './storing.ts'

interface UpdateCodeInput extends CodeInput {
  readonly FunctionName: string
  readonly Architectures?: readonly string[]
  readonly Publish?: boolean
  readonly PublishTo?: string
  readonly DryRun?: boolean
  readonly RevisionId?: string
}

export function updateOperations({
  service,
  account,
  runtimes,
  changeableWhole,
  changeLatest,
  refuseFull,
}: Deploying): AwsOperations {
  const { catalogue, archives } = service

  const answer = (version: LatestVersion): object =>
    version.version === LATEST
      ? { ...configurationOf(version, account, undefined), ...UPDATING }
      : { ...configurationOf(version, account, version.version), ...PENDING }

  return {
    async UpdateFunctionCode(input: UpdateCodeInput, context: AwsContext) {
      const { FunctionName, Architectures, Publish = false, PublishTo, DryRun, RevisionId } = input
      const { name } = await changeableWhole(FunctionName, context)
      const withCode = ({ module, ...latest }: LatestVersion, archive: Archive): LatestVersion => {
        checkRevision(RevisionId, latest.revisionId)
        return {
          ...latest,
          ...settingsOf({ Architectures, PublishTo }, runtimes.allowed, latest),
          archive,
          modifiedAt: Date.now(),
        }
      }
      checkRevision(RevisionId, catalogue.get(name)!.latest.revisionId)
      const upload = await uploadOf(input, archives, context)
      try {
        refuseFull(upload.bytes)
        if (DryRun)
          return answer(
            withCode(catalogue.get(name)!.latest, { id: '', sha256: upload.sha256, bytes: upload.bytes }),
          )
        return answer(
          await withArchive(upload, archives, (archive) =>
            changeLatest(name, Publish, (latest) => withCode(latest, keep(archive, archives))),
          ),
        )
      } finally {
        await upload.discard()
      }
    },
    async UpdateFunctionConfiguration(
      input: SettingsInput & { readonly FunctionName: string; readonly RevisionId?: string },
      context: AwsContext,
    ) {
      const { name } = await changeableWhole(input.FunctionName, context)
      return answer(
        await changeLatest(name, false, (latest) => {
          checkRevision(input.RevisionId, latest.revisionId)
          return { ...latest, ...settingsOf(input, runtimes.allowed, latest), modifiedAt: Date.now() }
        }),
      )
    },
  }
}
