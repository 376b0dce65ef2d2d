/** An API that the door serves: the operations of a service model, with the functions that do them. */
import type { AwsContext, AwsOperations } from './context.ts'
import type { Model, OperationModel } from './model.ts'
import { type Check, compile } from './validate.ts'

export interface ApiOptions {
  /** The longest body of a request. */
  readonly maxBodyBytes: number
  /** The longest body of operations that differ in this, by their names. */
  readonly maxBodyBytesOf?: Readonly<Record<string, number>>
  /**
   * Operations that everybody may call without a signature, because the input proves that the sender may: links
   * with a token, for example. Their context then belongs to a client without rights. If the request does not
   * name a version of the API, it is for these.
   */
  readonly unsigned?: readonly string[]
  /** The pages that browsers get instead of XML, by operation. Query protocol only. */
  readonly pages?: Readonly<Record<string, (output: never) => PageText>>
  /** Actions that are not called SERVICE:OPERATION, by operation: lambda:InvokeFunction. */
  readonly actions?: Readonly<Record<string, string>>
  /** The code of the error for inputs that break the model's constraints; ValidationException if not given. */
  readonly invalidInput?: string
  /** Content types of answers that are blobs, by operation; the others are application/octet-stream. */
  readonly payloadTypes?: Readonly<Record<string, string>>
  /**
   * The folder to serve whole: paths in it that are not an operation's get AWS's error. Without it these are
   * the first folders of the operations' paths (/2015-03-31/).
   */
  readonly folder?: string
}

/** A page of plain texts. */
export interface PageText {
  readonly title: string
  readonly paragraphs: readonly string[]
  readonly link?: { readonly href: string; readonly text: string }
}

export interface Api {
  readonly model: Model
  readonly operations: readonly Operation[]
  readonly options: ApiOptions
}

export interface Operation {
  readonly name: string
  readonly api: Api
  readonly model: OperationModel
  /** The action that the rights of an access key must allow, such as kinesis:PutRecord. */
  readonly action: string
  readonly maxBodyBytes: number
  readonly isUnsigned: boolean
  /** Checks and converts an input. */
  readonly check: Check<unknown>
  run(input: unknown, context: AwsContext): unknown
}

/**
 * @param operations by name. The door answers all others as unknown operations. Throws for a name that the
 * model does not have, which is a mistake of the program.
 */
export function api(model: Model, operations: AwsOperations, options: ApiOptions): Api {
  const compiled: Operation[] = []
  const made: Api = { model, operations: compiled, options }
  for (const [name, run] of Object.entries(operations)) {
    if (!Object.hasOwn(model.operations, name))
      throw new Error(`The model of ${model.service} does not have the operation ${name}.`)
    const operation = model.operations[name]
    compiled.push({
      name,
      api: made,
      model: operation,
      action: options.actions?.[name] ?? `${model.service}:${name}`,
      maxBodyBytes: options.maxBodyBytesOf?.[name] ?? options.maxBodyBytes,
      isUnsigned: options.unsigned?.includes(name) ?? false,
      check:
        operation.input === undefined ? () => ({}) : compile(model, operation.input, options.invalidInput),
      run: run as Operation['run'],
    })
  }
  return made
}
