/**
 * Functions over HTTP: Lambda's API of 2015-03-31, as far as functions and mappings need it, and Weir's own
 * routes alongside it.
 */
import { type AwsAccess, awsRestJson, lambdaModel } from '@weir/aws'
import type { FastifyInstance } from 'fastify'
import type { FunctionService } from '../open.ts'
import { aliasOperations } from './alias-operations.ts'
import { concurrencyOperations } from './concurrency-operations.ts'
import { createOperation } from './create-function.ts'
import { deleteOperation } from './delete-function.ts'
import { type DeployingOptions, deployingOf } from './deploying.ts'
import { eventConfigOperations } from './event-config-operations.ts'
import { invokeOperations, MAX_PAYLOAD } from './invoke.ts'
import { mappingOperations } from './mapping-operations.ts'
import type { Account } from './names.ts'
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

/**
 * A plugin that serves everything below the folders of Lambda's paths (/2015-03-31/ and others), and below
 * /v1/functions/.
 */
export function lambdaApi(
  service: FunctionService,
  { access, account, ...options }: LambdaApiOptions,
): (app: FastifyInstance) => Promise<void> {
  return async (app) => {
    const common = { service: 'lambda', access, ...account, bodyBytes: MAX_PAYLOAD }
    const deploying = deployingOf(service, account, options)
    await awsRestJson({
      ...common,
      model: lambdaModel,
      operations: {
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
      actions: { Invoke: 'lambda:InvokeFunction' },
      payloadTypes: { Invoke: 'application/json' },
      bodyBytesOf: { CreateFunction: MAX_DEPLOY_BYTES, UpdateFunctionCode: MAX_DEPLOY_BYTES },
    })(app)
    await awsRestJson({
      ...common,
      model: ownModel,
      folder: '/v1/functions/',
      operations: ownOperations(service, options.runtimes, account),
      actions: OWN_ACTIONS,
      payloadTypes: { GetFunctionLogs: 'text/plain; charset=utf-8' },
    })(app)
  }
}
