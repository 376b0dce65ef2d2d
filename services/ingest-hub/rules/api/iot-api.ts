/** The rules of AWS IoT's API of 2015-05-28. */
import { type Account, type Api, type AwsContext, api, iotModel } from '@weir/aws'
import type { ActionDeps } from '../actions/kind.ts'
import type { Confirmations } from '../confirmations.ts'
import type { RuleSet } from '../rule-set.ts'
import { destinationOperations } from './destinations.ts'
import { invalidRequest } from './errors.ts'
import { ruleOperations } from './rules.ts'
import { tagOperations } from './tags.ts'

export interface IotDeps {
  readonly account: Account
  readonly rules: RuleSet
  readonly actions: ActionDeps
  readonly confirmations: Confirmations
  /** Where clients reach this service. */
  readonly publicUrl: string
}

export type IotContext = Pick<AwsContext, 'authorize' | 'may'>

/** A rule of 256 KiB, in which JSON escapes some characters. */
const MAX_BODY_BYTES = 1 << 20
/** Types of endpoints by which devices are reached. */
const ENDPOINT_TYPES = ['iot:Data', 'iot:Data-ATS']

export function iotApi(deps: IotDeps): Api {
  const operations = {
    ...ruleOperations(deps),
    ...destinationOperations(deps),
    ...tagOperations(deps),
    DescribeEndpoint({ endpointType = 'iot:Data' }: { readonly endpointType?: string }, context: IotContext) {
      context.authorize('*')
      if (!ENDPOINT_TYPES.includes(endpointType))
        throw invalidRequest(
          `Weir does not have the endpoint type ${endpointType}; there are ${ENDPOINT_TYPES.join(' and ')}.`,
        )
      return { endpointAddress: new URL(deps.publicUrl).host }
    },
  }
  return api(iotModel, operations, {
    maxBodyBytes: MAX_BODY_BYTES,
    invalidInput: 'InvalidRequestException',
    unsigned: ['ConfirmTopicRuleDestination'],
  })
}
