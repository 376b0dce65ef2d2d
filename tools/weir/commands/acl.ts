import { PRINCIPALS, type Principal, rightsOf } from '@weir/contracts/rights.ts'
import { KAFKA_SERVICES } from '@weir/contracts/services.ts'
import type { Acl } from '@weir/kafka'
import { topics } from '@weir/solutions'
import { command, onlyPositionals, UsageError } from '../command.ts'
import { EXIT } from '../exit.ts'
import { withKafka } from '../kafka.ts'
import { hint } from '../nearest.ts'
import { print, printJson } from '../terminal/output.ts'
import { table } from '../terminal/table.ts'

const usage = `
weir acl print | apply [PRINCIPAL] [options]

Shows or adds the ACLs that each principal needs on the brokers. They follow from the table of topics. The
principals are the services (${KAFKA_SERVICES.join(', ')}), the schema registry, and \`apply\`, the user that
runs \`weir topics apply\`.

print   shows the ACLs without asking a broker
apply   adds the missing ACLs; the user needs the right to alter the cluster. It also lists ACLs that Weir
        does not need, and leaves them in place

  --user TEMPLATE   how the brokers name a principal, with {} for its name here (User:{})
  --json            prints JSON

Examples
  weir acl print enricher
  weir acl apply --user 'User:weir-{}'
  weir acl apply --user 'User:CN={},O=Example' indexer
`

const ACTIONS = ['print', 'apply']

export const acl = command({
  name: 'acl',
  summary: 'Show or add the ACLs that the services need',
  usage,
  options: { json: { type: 'boolean', default: false }, user: { type: 'string', default: 'User:{}' } },
  async run({ json, user }, [action, name, ...rest]) {
    if (action === undefined || !ACTIONS.includes(action))
      throw new UsageError(
        action === undefined
          ? 'An action is missing: print or apply.'
          : `There is no \`weir acl ${action}\`.${hint(action, ACTIONS)}`,
      )
    onlyPositionals(rest, 0)
    if (!/^[^:{}]+:.*\{\}/.test(user))
      throw new UsageError(
        `--user is "${user}"; it must be a type and a name with {} in it, such as User:{}.`,
      )
    const wanted = principalsNamed(name).flatMap((principal) =>
      aclsOf(principal, user.replace('{}', principal)),
    )
    if (action === 'apply') await apply(wanted, json)
    else if (json) await printJson(wanted)
    else await print(show(wanted))
    return EXIT.ok
  },
})

export function principalsNamed(name: string | undefined): readonly Principal[] {
  if (name === undefined) return PRINCIPALS
  if (!(PRINCIPALS as readonly string[]).includes(name))
    throw new UsageError(`There is no principal ${name}.${hint(name, PRINCIPALS)}`)
  return [name as Principal]
}

function aclsOf(principal: Principal, user: string): Acl[] {
  return rightsOf(principal, topics).flatMap(({ resource, name, pattern, operations }) =>
    operations.map((operation) => ({ principal: user, resource, name, pattern, operation })),
  )
}

async function apply(wanted: readonly Acl[], json: boolean): Promise<void> {
  const { added, others } = await withKafka(async ({ admin }) => {
    const users = [...new Set(wanted.map(({ principal }) => principal))]
    const existing = (await Promise.all(users.map((user) => admin.acls(user)))).flat()
    const [here, needed] = [new Set(existing.map(keyOf)), new Set(wanted.map(keyOf))]
    const missing = wanted.filter((one) => !here.has(keyOf(one)))
    await admin.addAcls(missing)
    return { added: missing, others: existing.filter((one) => !needed.has(keyOf(one))) }
  })
  if (json) return printJson({ added, others })
  await print(`${added.length} ACLs added, ${wanted.length - added.length} existed already.\n`)
  if (others.length > 0) await print(`Weir does not need:\n${show(others)}`)
}

const keyOf = ({ principal, resource, name, pattern, operation }: Acl): string =>
  JSON.stringify([principal, resource, name, pattern, operation])

function show(acls: readonly Acl[]): string {
  const rows = Map.groupBy(acls, ({ principal, resource, name, pattern }) =>
    JSON.stringify([principal, resource, pattern, name]),
  )
  return table(
    ['PRINCIPAL', 'RESOURCE', 'PATTERN', 'NAME', 'OPERATIONS'],
    [...rows.values()].map((alike) => [
      alike[0].principal,
      alike[0].resource,
      alike[0].pattern,
      alike[0].name,
      alike.map(({ operation }) => operation).join(' '),
    ]),
  )
}
