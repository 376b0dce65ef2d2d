/** Shared by all operations that change functions: who may change one, and how a change is written. */
import { randomUUID } from 'node:crypto'
import { type Account, type AwsContext, AwsError, functionArn } from '@weir/aws'
import type { Change } from '@weir/control'
import type { DeployedFunction } from '../catalogue.ts'
import { LATEST, type LatestVersion } from '../entries.ts'
import type { FunctionService } from '../open.ts'
import type { Runtimes } from '../runtime/runtimes.ts'
import { existingFunction, type NamedFunction, namedFunction, notFound, wholeFunction } from './names.ts'
import { publication } from './publication.ts'
import { stored } from './storing.ts'

export interface DeployingOptions {
  /** Whether functions may be changed through the API. Clients that may do so run code here. */
  readonly deploying: boolean
  /** The runtimes that functions may have, and how their processes are confined. */
  readonly runtimes: Pick<Runtimes, 'allowed' | 'sentence'>
  /** The most bytes of all archives. An archive counts once for each function and version that uses it. */
  readonly maxCodeBytes: number
}

export interface Deploying extends DeployingOptions {
  readonly service: FunctionService
  readonly account: Account
  /** Returns the function, which may be changed. @param whole whether versions and aliases are refused */
  changeable(given: string, context: AwsContext, qualifier?: string): Promise<NamedFunction>
  changeableWhole(given: string, context: AwsContext): Promise<NamedFunction>
  refuseWhereOff(): void
  /**
   * Changes $LATEST, and publishes the new one if asked to. Resolves to the new $LATEST; its `version` is the
   * number if one was published.
   */
  changeLatest(
    name: string,
    publish: boolean,
    decide: (current: LatestVersion) => LatestVersion,
  ): Promise<LatestVersion>
  /** Writes the changes that `decide` derives from the current function, as the only replica that does so. */
  change(name: string, decide: (current: DeployedFunction) => readonly Change[]): Promise<void>
  refuseFull(moreBytes: number): void
}

export function deployingOf(
  service: FunctionService,
  account: Account,
  options: DeployingOptions,
): Deploying {
  const { functions, catalogue, changeFunctions, catchUp } = service

  const current = (name: string): DeployedFunction => {
    const found = catalogue.get(name)
    if (found === undefined) throw notFound(`Function not found: ${functionArn(account, name)}`)
    return found
  }
  const refuseWhereOff = (): void => {
    if (options.deploying) return
    throw new AwsError(
      'AccessDeniedException',
      'Functions are not deployed through the API here; set FUNCTIONS_DEPLOY=true at the enricher to allow it.',
      403,
    )
  }
  const checked = async (named: NamedFunction, context: AwsContext): Promise<NamedFunction> => {
    context.authorize(named.arn)
    refuseWhereOff()
    // Another replica may just have created it.
    if (functions.find(named.name) === undefined) await stored(catchUp())
    existingFunction(functions, named)
    if (!functions.isOfSolution(named.name)) return named
    throw new AwsError(
      'ResourceConflictException',
      `The function ${named.name} belongs to a solution and stays as it is there; change the solution.`,
      409,
    )
  }

  return {
    ...options,
    service,
    account,
    refuseWhereOff,
    changeable: (given, context, qualifier) => checked(namedFunction(given, account, qualifier), context),
    changeableWhole: (given, context) => checked(wholeFunction(given, account), context),
    change: (name, decide) => stored(changeFunctions(() => decide(current(name)))),
    async changeLatest(name, publish, decide) {
      let made: LatestVersion
      await stored(
        changeFunctions(() => {
          const before = current(name)
          const latest = { ...decide(before.latest), revisionId: randomUUID() }
          const result = publish
            ? publication({ ...before, latest })
            : { changes: [{ kind: 'latest', id: name, value: latest }], version: LATEST }
          made = { ...latest, version: result.version }
          // An older version of Weir may have deployed it.
          return before.latest.module === undefined
            ? result.changes
            : [...result.changes, { kind: 'function', id: name, value: undefined }]
        }),
      )
      await functions.settled(name)
      return made!
    },
    refuseFull(moreBytes) {
      if (catalogue.codeBytes() + moreBytes > options.maxCodeBytes)
        throw new AwsError('CodeStorageExceededException', 'Code storage limit exceeded.')
    },
  }
}
