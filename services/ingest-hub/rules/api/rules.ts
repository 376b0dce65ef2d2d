/** The operations on rules. */
import { randomUUID } from 'node:crypto'
import { iotArn } from '@weir/aws'
import { FilterTree, SQL_VERSIONS, SqlError, type SqlVersion } from '@weir/iot-sql'
import { type ActionInput, InvalidAction } from '../actions/action.ts'
import { type CompiledRule, compileRule } from '../compiled-rule.ts'
import { MAX_RULE_CHARACTERS, type StoredRule } from '../entries.ts'
import type { RuleChange } from '../rule-set.ts'
import { alreadyExists, invalidRequest, limitExceeded, notFound, sqlParseError } from './errors.ts'
import type { IotContext, IotDeps } from './iot-api.ts'
import { nextPage } from './paging.ts'
import { tagsInHeader } from './tags.ts'

interface RulePayload {
  readonly sql: string
  readonly description?: string
  readonly actions: readonly ActionInput[]
  readonly ruleDisabled?: boolean
  readonly awsIotSqlVersion?: string
  readonly errorAction?: ActionInput
}

interface PutRule {
  readonly ruleName: string
  readonly topicRulePayload: RulePayload
  readonly tags?: string
}

interface Named {
  readonly ruleName: string
}

interface ListRules {
  readonly topic?: string
  readonly maxResults?: number
  readonly nextToken?: string
  readonly ruleDisabled?: boolean
}

/** AWS IoT Core's quota of rules in an account. */
const MAX_RULES = 1000
const MAX_RESULTS = 10_000

export function ruleOperations({ account, rules, actions }: IotDeps) {
  const arnOf = (name: string): string => iotArn(account, `rule/${name}`)

  const find = (name: string): StoredRule => {
    const found = rules.rules.get(name)
    if (found === undefined) throw notFound(`The rule ${name} does not exist.`)
    return found
  }

  /** Checks what a request says, and that its sender has rights over everything that the rule writes to. */
  const parse = ({ topicRulePayload }: PutRule, context: IotContext, fixed: Fixed): StoredRule => {
    const stored = storedRule(topicRulePayload, fixed)
    const { actions: own, errorAction } = compiled(stored, () => compileRule(stored, actions))
    for (const action of errorAction === undefined ? own : [...own, errorAction])
      for (const resource of action.resources) context.authorize(resource)
    return stored
  }

  const change = (name: string, edit: (rule: StoredRule) => StoredRule): Promise<void> =>
    rules.change(() => put(edit(find(name))))

  return {
    async CreateTopicRule(input: PutRule, context: IotContext): Promise<void> {
      const name = input.ruleName
      context.authorize(arnOf(name))
      const tags = tagsInHeader(input.tags)
      const stored = parse(input, context, { name, id: randomUUID(), createdAt: Date.now(), tags })
      await rules.change(() => {
        if (rules.rules.has(name))
          throw alreadyExists(`Rule with name ${name} already exists`, arnOf(name), name)
        if (rules.rules.size >= MAX_RULES)
          throw limitExceeded(`An account may have at most ${MAX_RULES} rules.`)
        return put(stored)
      })
    },

    async ReplaceTopicRule(input: PutRule, context: IotContext): Promise<void> {
      const name = input.ruleName
      context.authorize(arnOf(name))
      const { id, createdAt, tags } = find(name)
      const stored = parse(input, context, { name, id, createdAt, tags })
      await change(name, (before) => ({
        ...stored,
        id: before.id,
        createdAt: before.createdAt,
        tags: before.tags,
      }))
    },

    async GetTopicRule({ ruleName }: Named, context: IotContext) {
      context.authorize(arnOf(ruleName))
      await rules.catchUp()
      const { createdAt, disabled, sqlVersion, description, errorAction, sql, actions } = find(ruleName)
      const rule = {
        ruleName,
        sql,
        description: description ?? undefined,
        createdAt: new Date(createdAt),
        actions,
        ruleDisabled: disabled,
        awsIotSqlVersion: sqlVersion,
        errorAction: errorAction ?? undefined,
      }
      return { ruleArn: arnOf(ruleName), rule }
    },

    async ListTopicRules(input: ListRules, context: IotContext) {
      const { topic, maxResults = MAX_RESULTS, nextToken, ruleDisabled } = input
      await rules.catchUp()
      const all = [...rules.rules.values()]
        .filter(({ name }) => context.may(arnOf(name)))
        .filter(({ disabled }) => ruleDisabled === undefined || disabled === ruleDisabled)
        .filter(({ name }) => topic === undefined || reads(rules.compiled(name), topic))
        .sort((a, b) => (a.name < b.name ? -1 : 1))
      const page = nextPage('rules', all, ({ name }) => name, nextToken, maxResults)
      return {
        rules: page.items.map(({ name, createdAt, disabled }) => ({
          ruleArn: arnOf(name),
          ruleName: name,
          topicPattern: rules.compiled(name)?.rule.filter,
          createdAt: new Date(createdAt),
          ruleDisabled: disabled,
        })),
        nextToken: page.nextToken,
      }
    },

    async EnableTopicRule({ ruleName }: Named, context: IotContext): Promise<void> {
      context.authorize(arnOf(ruleName))
      await change(ruleName, (rule) => ({ ...rule, disabled: false }))
    },

    async DisableTopicRule({ ruleName }: Named, context: IotContext): Promise<void> {
      context.authorize(arnOf(ruleName))
      await change(ruleName, (rule) => ({ ...rule, disabled: true }))
    },

    async DeleteTopicRule({ ruleName }: Named, context: IotContext): Promise<void> {
      context.authorize(arnOf(ruleName))
      await rules.change(() => {
        find(ruleName)
        return [{ kind: 'rule', id: ruleName, value: undefined }]
      })
    },
  }
}

type Fixed = Pick<StoredRule, 'name' | 'id' | 'createdAt' | 'tags'>

const put = (rule: StoredRule): RuleChange[] => [{ kind: 'rule', id: rule.name, value: rule }]

function storedRule(payload: RulePayload, fixed: Fixed): StoredRule {
  const { sql, description, actions, ruleDisabled = false, awsIotSqlVersion, errorAction } = payload
  const stored = {
    ...fixed,
    sql,
    sqlVersion: versionOf(awsIotSqlVersion),
    description: description ?? null,
    disabled: ruleDisabled,
    actions,
    errorAction: errorAction ?? null,
  }
  if (sql === '') throw sqlParseError('The SQL is empty.')
  const characters = JSON.stringify(stored).length
  if (characters > MAX_RULE_CHARACTERS)
    throw invalidRequest(`The rule has ${characters} characters; at most ${MAX_RULE_CHARACTERS} are allowed.`)
  return stored
}

/** AWS takes 2015-10-08 for a rule that names no version. */
function versionOf(version: string | undefined): SqlVersion {
  if (version === undefined || version === '') return '2015-10-08'
  const known = SQL_VERSIONS.find((one) => one === version)
  if (known === undefined)
    throw invalidRequest(
      `There is no SQL version ${version.slice(0, 100)}; there are ${SQL_VERSIONS.join(', ')}.`,
    )
  return known
}

function compiled({ name }: StoredRule, compile: () => CompiledRule): CompiledRule {
  try {
    return compile()
  } catch (error) {
    if (error instanceof SqlError) throw sqlParseError(error.message)
    if (error instanceof InvalidAction) throw invalidRequest(`Rule ${name}: ${error.message}`)
    throw error
  }
}

function reads(rule: CompiledRule | undefined, topic: string): boolean {
  if (rule?.rule.filter === undefined) return false
  if (rule.rule.filter === topic) return true
  const tree = new FilterTree<true>('aws')
  tree.add(rule.rule.filter, true)
  return tree.match(topic).length > 0
}
