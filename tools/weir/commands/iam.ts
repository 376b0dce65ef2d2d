import { iamPolicies, type Policy } from '@weir/contracts/iam.ts'
import { PRINCIPALS, type Principal } from '@weir/contracts/rights.ts'
import { topics } from '@weir/solutions'
import { command, onlyPositionals, UsageError } from '../command.ts'
import { EXIT } from '../exit.ts'
import { hint } from '../nearest.ts'
import { print } from '../terminal/output.ts'
import { principalsNamed } from './acl.ts'

const usage = `
weir iam print PRINCIPAL --cluster-arn ARN

Prints the policies for an IAM role on an MSK cluster, one a line: the rights that \`weir acl print\` shows, as
kafka-cluster actions. Most principals have one; more rights than IAM takes in one policy are in several. Needs neither AWS nor a broker. PRINCIPAL is one of ${PRINCIPALS.join(', ')}.

Examples
  weir iam print enricher --cluster-arn arn:aws:kafka:eu-central-1:111122223333:cluster/weir/0a1b2c3d-0000-0000-0000-000000000000-1
`

export const iam = command({
  name: 'iam',
  summary: 'Print the IAM policies that the services need on Amazon MSK',
  usage,
  options: { 'cluster-arn': { type: 'string' } },
  async run({ 'cluster-arn': arn }, [action, name, ...rest]) {
    if (action !== 'print')
      throw new UsageError(
        action === undefined ? 'print?' : `There is no \`weir iam ${action}\`.${hint(action, ['print'])}`,
      )
    onlyPositionals(rest, 0)
    if (name === undefined)
      throw new UsageError('The principal is missing; name the one that the policy is for.')
    if (arn === undefined) throw new UsageError('--cluster-arn is missing; give the ARN of the cluster.')
    const [principal] = principalsNamed(name)
    for (const policy of policiesOf(principal, arn)) await print(`${JSON.stringify(policy)}\n`)
    return EXIT.ok
  },
})

function policiesOf(principal: Principal, arn: string): Policy[] {
  try {
    return iamPolicies(principal, topics, arn)
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}
