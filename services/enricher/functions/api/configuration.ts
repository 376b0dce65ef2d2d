/** Versions of functions as the API describes them. */
import { type Account, functionArn } from '@weir/aws'
import { type FunctionVersion, LATEST } from '../entries.ts'
import type { Functions } from '../functions.ts'

/** Lambda's words for code and settings that are not in use yet. */
const CREATING = { reason: 'The function is being created.', code: 'Creating' }

/** @param qualifier of the ARN; undefined: none */
export function configurationOf(
  version: FunctionVersion,
  account: Account,
  qualifier: string | undefined,
): object {
  const { name, archive, module, environment, noted, modifiedAt } = version
  const arn = functionArn(account, name)
  return {
    FunctionName: name,
    FunctionArn: qualifier === undefined ? arn : `${arn}:${qualifier}`,
    Runtime: version.runtime,
    Role: version.role || undefined,
    Handler: version.handler,
    CodeSize: archive?.bytes ?? (module && Buffer.byteLength(module.code)),
    Description: version.description,
    Timeout: Math.ceil(version.timeoutMs / 1000),
    MemorySize: version.memoryMb,
    LastModified: modifiedAt === 0 ? undefined : new Date(modifiedAt).toISOString().replace('Z', '+0000'),
    CodeSha256: archive && Buffer.from(archive.sha256, 'hex').toString('base64'),
    Version: version.version,
    Environment: Object.keys(environment).length === 0 ? undefined : { Variables: environment },
    TracingConfig: { Mode: noted.tracing },
    RevisionId: version.revisionId,
    PackageType: 'Zip',
    Architectures: [noted.architecture],
    EphemeralStorage: { Size: noted.ephemeralMb },
    SnapStart: { ApplyOn: 'None', OptimizationStatus: 'Off' },
    LoggingConfig: { LogFormat: 'Text', LogGroup: `/aws/lambda/${name}`, ...noted.logging },
  }
}

/** Adds the state in this replica, which may still be fetching the code of $LATEST. */
export function describedVersion(
  version: FunctionVersion,
  functions: Functions,
  account: Account,
  qualifier: string | undefined,
): object {
  const { active, updated } =
    version.version === LATEST ? functions.state(version.name) : { active: true, updated: true }
  return {
    ...configurationOf(version, account, qualifier),
    ...(active
      ? { State: 'Active', ...(updated ? { LastUpdateStatus: 'Successful' } : IN_PROGRESS) }
      : PENDING),
  }
}

/** The state of a new function or version in the answer that creates it. */
export const PENDING = { State: 'Pending', StateReason: CREATING.reason, StateReasonCode: CREATING.code }
const IN_PROGRESS = {
  LastUpdateStatus: 'InProgress',
  LastUpdateStatusReason: CREATING.reason,
  LastUpdateStatusReasonCode: CREATING.code,
}
/** The state of $LATEST in the answers to updates. */
export const UPDATING = { State: 'Active', ...IN_PROGRESS }
