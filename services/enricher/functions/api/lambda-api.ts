/** Functions over HTTP: the part of Lambda's API of 2015-03-31 that clients and mappings need, and Weir's own routes to deploy them. */
import { awsRestJson, lambdaModel, type AwsAccess } from '@weir/aws'
import type { FastifyInstance } from 'fastify'
import type { FunctionService } from '../open.ts'
import { deployModel } from './deploy-model.ts'
import { DEPLOY_ACTIONS, deployOperations } from './deploy.ts'
import { invokeOperations, MOST_PAYLOAD } from './invoke.ts'
import { mappingOperations } from './mapping-operations.ts'
import type { Account } from './names.ts'
import { readingOperations } from './reading.ts'

export interface LambdaApiOptions {
  readonly access: AwsAccess
  readonly account: Account
  /** Whether functions may be deployed and removed. Whoever may do that runs code here. */
  readonly deploying: boolean
}

/** Of a deployment: its code in JSON, where escapes make it longer. */
const DEPLOY_BYTES = 2 << 20

/** A plugin that serves everything below /2015-03-31/ and /v1/functions/. */
export function lambdaApi(service: FunctionService, { access, account, deploying }: LambdaApiOptions): (app: FastifyInstance) => Promise<void> {
  return async (app) => {
    const common = { service: 'lambda', access, ...account }
    await awsRestJson({
      ...common, model: lambdaModel, bodyBytes: MOST_PAYLOAD,
      operations: {
        ...invokeOperations(service, account), ...readingOperations(service.functions, account), ...mappingOperations(service, account),
      },
      actions: { Invoke: 'lambda:InvokeFunction' }, payloadTypes: { Invoke: 'application/json' },
    })(app)
    await awsRestJson({
      ...common, model: deployModel, bodyBytes: DEPLOY_BYTES, operations: deployOperations(service, account, deploying), actions: DEPLOY_ACTIONS,
      payloadTypes: { GetFunctionLogs: 'text/plain; charset=utf-8' },
    })(app)
  }
}
