/**
 * The part of the STS API of 2011-06-15 that tells clients whether their access key works, and whose it is.
 */
import { type Account, type Api, type AwsContext, api, stsModel, userArn } from '@weir/aws'

/** GetCallerIdentity has no parameters. */
const MAX_BODY_BYTES = 64 << 10

/** Every client with a valid signature may call it, as at AWS. */
export function stsApi({ accountId }: Account): Api {
  const operations = {
    GetCallerIdentity: (_input: object, { client: { name } }: AwsContext) => ({
      Account: accountId,
      Arn: userArn(accountId, name),
      UserId: name,
    }),
  }
  return api(stsModel, operations, { maxBodyBytes: MAX_BODY_BYTES })
}
