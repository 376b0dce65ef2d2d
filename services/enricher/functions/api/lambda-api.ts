/** The APIs of functions: Lambda's of 2015-03-31, for functions and mappings, and Weir's own. */
import { type Account, type Api, type AwsAccess, api, lambdaModel } from '@weir/aws'
import type { FunctionService } from '../open.ts'
import { aliasOperations } from './alias-operations.ts'
import { concurrencyOperations } from './concurrency-operations.ts'
import { createOperation } from './create-function.ts'
import { deleteOperation } from './delete-function.ts'
import { type DeployingOptions, deployingOf } from './deploying.ts'
import { eventConfigOperations } from './event-config-operations.ts'
import { invokeOperations, MAX_PAYLOAD } from './invoke.ts'
import { mappingOperations } from './mapping-operations.ts'
import { ownModel } from './own-model.ts'
import { OWN_ACTIONS, ownOperations } from './own-operations.ts'
import { readingOperations } from './reading.ts'
import { tagOperations } from './tag-operations.ts'
import { updateOperations } from './update-function.ts'
import { versionOperations } from './version-operations.ts'

export interface LambdaApiOptions extends DeployingOptions {
  readonly access: AwsAccess
  readonly account: Account
}

/**
 * The most bytes of a request with an archive, whose base64 is a third longer (from Lambda's answer to larger
 * ones).
 */
const MAX_DEPLOY_BYTES = 70_167_211

/** Returns Lambda's API, and Weir's own below /v1/functions/. */
export function lambdaApis(
  service: FunctionService,
  { access, account, ...options }: LambdaApiOptions,
): readonly Api[] {
  const deploying = deployingOf(service, account, options)
  return [
    api(
      lambdaModel,
      {
        ...invokeOperations(service, account),
        ...readingOperations(deploying, access),
        ...mappingOperations(service, account),
        ...createOperation(deploying),
        ...updateOperations(deploying),
        ...deleteOperation(deploying),
        ...versionOperations(deploying),
        ...aliasOperations(deploying),
        ...concurrencyOperations(deploying),
        ...eventConfigOperations(deploying),
        ...tagOperations(deploying),
      },
      {
        actions: { Invoke: 'lambda:InvokeFunction' },
        payloadTypes: { Invoke: 'application/json' },
        maxBodyBytes: MAX_PAYLOAD,
        maxBodyBytesOf: { CreateFunction: MAX_DEPLOY_BYTES, UpdateFunctionCode: MAX_DEPLOY_BYTES },
      },
    ),
    api(ownModel, ownOperations(service, options.runtimes, account), {
      folder: '/v1/functions/',
      actions: OWN_ACTIONS,
      payloadTypes: { GetFunctionLogs: 'text/plain; charset=utf-8' },
      maxBodyBytes: MAX_PAYLOAD,
    }),
  ]
}
