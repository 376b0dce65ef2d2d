/** Finds the table that a request names, by its name or its ARN. */
import { type Account, parseArn, tableArn } from '@weir/aws'
import type { Definitions } from '../tables/definitions.ts'
import { TABLE_NAME, type Table } from '../tables/entries.ts'
import type { DynamoContext } from './dynamodb-api.ts'
import { invalid, noTable } from './errors.ts'

export class TableNames {
  readonly #account: Account
  readonly #definitions: Pick<Definitions, 'byName'>

  constructor(account: Account, definitions: Pick<Definitions, 'byName'>) {
    this.#account = account
    this.#definitions = definitions
  }

  /** Returns the name. Throws unless it can be that of a table. */
  named(nameOrArn: string): string {
    const arn = parseArn(nameOrArn)
    const name = arn?.service === 'dynamodb' ? arn.resource.replace(/^table\//, '') : nameOrArn
    if (arn !== undefined && tableArn(this.#account, name) !== nameOrArn)
      throw invalid(`${nameOrArn} is a table of another region or account.`)
    if (name.length < 3 || name.length > 255)
      throw invalid('TableName must be at least 3 characters long and at most 255 characters long')
    if (!TABLE_NAME.test(name))
      throw invalid(
        `1 validation error detected: Value '${name}' at 'tableName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+`,
      )
    return name
  }

  /**
   * Returns the table. Throws unless the client may do the operation on it.
   * @param isNamed whether the error for a table that does not exist names it
   * @param checkForm throws if the request is wrong whatever the table is. DynamoDB checks that first. Here it is called
   * if the table does not exist; otherwise the operation checks the request together with the table's keys.
   */
  find(
    nameOrArn: string,
    context: Pick<DynamoContext, 'authorize'>,
    { isNamed = false, checkForm }: { readonly isNamed?: boolean; readonly checkForm?: () => void } = {},
  ): Table {
    const name = this.named(nameOrArn)
    context.authorize(tableArn(this.#account, name))
    const table = this.#definitions.byName.get(name)
    if (table !== undefined) return table
    checkForm?.()
    throw noTable(isNamed ? name : undefined)
  }
}
