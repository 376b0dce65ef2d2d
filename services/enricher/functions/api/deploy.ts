/** PUT and DELETE /v1/functions/NAME, and its logs: what Lambda's own API does with archives is one module here. */
import { hash } from 'node:crypto'
import { AwsError, type AwsContext, type AwsOperations } from '@weir/aws'
import type { DeployedFunction } from '../functions.ts'
import type { FunctionService } from '../open.ts'
import { MOST_CODE } from './deploy-model.ts'
import { existing, functionArn, namedFunction, type Account } from './names.ts'
import { stored } from './storing.ts'

interface DeployInput {
  readonly name: string
  readonly file?: string
  readonly code: string
  readonly handler?: string
  readonly memoryMb?: number
  readonly timeoutSeconds?: number
  readonly concurrency?: number
  readonly environment?: Readonly<Record<string, string>>
}

/** Actions of access keys. */
export const DEPLOY_ACTIONS = { DeployFunction: 'weir:DeployFunction', RemoveFunction: 'weir:RemoveFunction', GetFunctionLogs: 'weir:GetFunctionLogs' }

/** Lambda's defaults, but for the concurrency: each is a process here. */
const DEFAULTS = { file: 'index.mjs', memoryMb: 128, timeoutSeconds: 3, concurrency: 10 }
/** Bytes of all variables (Lambda quotas). */
const MOST_ENVIRONMENT = 4096
/** Bytes of the record, below the 1 MiB that a topic takes. Code of which JSON escapes much is longer there. */
const MOST_RECORD = 1_000_000

export function deployOperations({ functions, changeFunction }: FunctionService, account: Account, deploying: boolean): AwsOperations {
  const refuseWhereOff = (): void => {
    if (deploying) return
    throw new AwsError('AccessDeniedException', 'Functions are not deployed through the API here; set FUNCTIONS_DEPLOY=true at the enricher to allow it.', 403)
  }
  /** A solution's function stays as it is there. */
  const refuseOfSolution = (name: string): void => {
    if (functions.get(name)?.deployed !== false) return
    throw new AwsError('ResourceConflictException', `The function ${name} belongs to a solution; choose another name.`, 409)
  }
  return {
    async DeployFunction(input: DeployInput, context: AwsContext) {
      context.authorize(functionArn(account, input.name))
      refuseWhereOff()
      const wanted = deployedOf(input, Date.now())
      let replaced = false
      await stored(changeFunction(input.name, (current) => {
        refuseOfSolution(input.name)
        replaced = current !== undefined
        return wanted
      }))
      const version = hash('sha256', input.code, 'hex')
      if (functions.get(input.name)?.version !== version) {
        const sentence = `The function ${input.name} is stored, but this replica could not write its code; look at FUNCTIONS_FOLDER.`
        throw new AwsError('ServiceException', sentence, 500)
      }
      return { name: input.name, version, replaced }
    },
    async RemoveFunction({ name }: { readonly name: string }, context: AwsContext) {
      context.authorize(functionArn(account, name))
      refuseWhereOff()
      await stored(changeFunction(name, (current) => {
        refuseOfSolution(name)
        if (current === undefined) existing(functions, { ...namedFunction(name, account), here: false })
        return undefined
      }))
    },
    GetFunctionLogs({ name }: { readonly name: string }, context: AwsContext) {
      const named = namedFunction(name, account)
      context.authorize(named.arn)
      existing(functions, named)
      return { lines: Buffer.from(functions.logs(name).map((line) => `${line}\n`).join('')) }
    },
  }
}

function deployedOf(input: DeployInput, now: number): DeployedFunction {
  const { name, file = DEFAULTS.file, code } = input
  const environment: Readonly<Record<string, string>> = input.environment ?? {}
  const module = file.slice(0, file.indexOf('.'))
  const handler = input.handler ?? `${module}.handler`
  if (Buffer.byteLength(code) > MOST_CODE) throw refused(`The code has more than ${MOST_CODE} bytes; leave out what the function does not use.`)
  if (handler.slice(0, handler.indexOf('.')) !== module) throw refused(`The handler ${handler} is not in ${file}; give ${module}.EXPORT.`)
  const bytes = Object.entries(environment).reduce((sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(value), 0)
  if (bytes > MOST_ENVIRONMENT) throw refused(`The environment has ${bytes} bytes; make do with ${MOST_ENVIRONMENT}.`)
  const deployed = {
    name, file, code, handler, memoryMb: input.memoryMb ?? DEFAULTS.memoryMb, timeoutMs: (input.timeoutSeconds ?? DEFAULTS.timeoutSeconds) * 1000,
    concurrency: input.concurrency ?? DEFAULTS.concurrency, environment: { ...environment }, deployedAt: now,
  }
  // In the log the JSON is a text within a record: the quotes around its own texts are there as they are.
  if (Buffer.byteLength(JSON.stringify(deployed)) > MOST_RECORD) {
    throw refused('The code with its escapes is too long for a record; leave out what the function does not use.')
  }
  return deployed
}

function refused(sentence: string): AwsError {
  return new AwsError('InvalidParameterValueException', sentence)
}
