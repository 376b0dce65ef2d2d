import { readFile } from 'node:fs/promises'
import { buffer } from 'node:stream/consumers'
import {
  FilterTree,
  MAX_PAYLOAD_BYTES,
  Message,
  parseRule,
  type Rule,
  SQL_VERSIONS,
  SqlError,
  type SqlVersion,
  toBytes,
} from '@weir/iot-sql'
import { command, onlyPositionals, UsageError } from '../command.ts'
import { EXIT } from '../exit.ts'
import { hint } from '../nearest.ts'
import { readSettings } from '../settings.ts'
import { print, printJson } from '../terminal/output.ts'
import { table } from '../terminal/table.ts'
import { readSigning } from './functions-api.ts'
import { openRulesApi, type RulesApi } from './rules-api.ts'

const usage = `
weir rules [list] | test RULE | explain RULE

Rules choose messages of devices, and make payloads for actions of them, in the SQL of AWS IoT. They run in the
ingest-hub; aws iot create-topic-rule creates them. RULE is the name of a rule, or a file with SQL. test and explain
read a message from stdin and evaluate the rule here: no action is done. Requests are signed with
AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (test, test) for AWS_REGION (us-east-1).

list      shows all rules
test      shows the payload that the actions get, or why there is none (exit code 1)
explain   says which part of the condition is not true for the message, and of which values it is made

  --topic TOPIC          the topic of the message (the topic filter of FROM)
  --client-id ID         the client that sent it, for clientid()
  --sql-version VERSION  of a file: ${SQL_VERSIONS.join(', ')} (2016-03-23)
  --json                 list: prints JSON

Examples
  weir rules test hot_trucks --topic trucks/17/engine < message.json
  echo '{"temperature":90}' | weir rules explain hot.sql
  echo "SELECT * FROM 'trucks/+' WHERE temperature > 100" > hot.sql
`

const ACTIONS = ['list', 'test', 'explain']

interface Options {
  readonly topic?: string
  readonly 'client-id'?: string
  readonly 'sql-version': string
  readonly json: boolean
}

export const rules = command({
  name: 'rules',
  summary: 'List rules for messages of devices, and try them on a message',
  usage,
  options: {
    topic: { type: 'string' },
    'client-id': { type: 'string' },
    'sql-version': { type: 'string', default: '2016-03-23' },
    json: { type: 'boolean', default: false },
  },
  async run(options, [action = 'list', subject, ...rest]) {
    if (!ACTIONS.includes(action))
      throw new UsageError(`There is no \`weir rules ${action}\`.${hint(action, ACTIONS)}`)
    onlyPositionals(action === 'list' && subject !== undefined ? [subject] : rest, 0)
    const api = () => openRulesApi(readSettings().urls['ingest-hub'], readSigning())
    if (action === 'list') return list(api(), options.json)
    if (subject === undefined)
      throw new UsageError(
        `The rule is missing; write \`weir rules ${action} RULE\` with a name or a file with SQL.`,
      )
    const rule = await ruleOf(subject, options['sql-version'], api)
    const message = await messageOf(rule, options)
    return action === 'test' ? test(rule, message) : explain(rule, message)
  },
})

async function list(api: RulesApi, json: boolean): Promise<number> {
  const all = await api.list()
  if (json) await printJson(all)
  else if (all.length === 0) await print('There are no rules yet; `aws iot create-topic-rule` creates one.\n')
  else {
    const rows = all.map(({ ruleName, topicPattern, ruleDisabled, createdAt }) => [
      ruleName,
      topicPattern ?? null,
      ruleDisabled ? 'disabled' : 'enabled',
      new Date(createdAt * 1000).toISOString().slice(0, 19),
    ])
    await print(table(['NAME', 'FROM', 'STATE', 'CREATED'], rows))
  }
  return EXIT.ok
}

async function test(rule: Rule, message: Message): Promise<number> {
  const result = rule.evaluate(message, context())
  if (!result.matched || outside(rule, message) !== undefined) return explain(rule, message)
  await print(`${toBytes(result.payload).toString()}\n`)
  return EXIT.ok
}

async function explain(rule: Rule, message: Message): Promise<number> {
  const reason = outside(rule, message) ?? rule.explain(message, context())
  await print(`${reason ?? 'The rule matches the message.'}\n`)
  return reason === undefined ? EXIT.ok : EXIT.refused
}

/** Says that FROM does not have the topic of the message; undefined if it does. */
function outside({ filter }: Rule, { topic }: Message): string | undefined {
  if (filter === undefined || filter === topic) return undefined
  const tree = new FilterTree<true>('aws')
  tree.add(filter, true)
  return tree.match(topic).length > 0 ? undefined : `The topic ${topic} does not match FROM '${filter}'.`
}

const context = () => ({
  accountId: process.env.AWS_ACCOUNT_ID ?? '000000000000',
  nowMs: Date.now(),
})

/** A file wins over a rule of the same name, which has no dot or slash. */
async function ruleOf(subject: string, version: string, api: () => RulesApi): Promise<Rule> {
  const sql = await readFile(subject, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (/^\w+$/.test(subject)) return undefined
    throw new UsageError(
      error.code === 'ENOENT' ? `There is no file ${subject}.` : `${subject} cannot be read (${error.code}).`,
    )
  })
  if (sql !== undefined) return parsed(sql, versionOf(version))
  const found = await api().get(subject)
  return parsed(found.sql, versionOf(found.awsIotSqlVersion))
}

function parsed(sql: string, version: SqlVersion): Rule {
  try {
    return parseRule(sql, version)
  } catch (error) {
    if (error instanceof SqlError) throw new UsageError(error.message)
    throw error
  }
}

function versionOf(text: string): SqlVersion {
  const known = SQL_VERSIONS.find((version) => version === text)
  if (known === undefined)
    throw new UsageError(`There is no SQL version ${text}; there are ${SQL_VERSIONS.join(', ')}.`)
  return known
}

async function messageOf(rule: Rule, options: Options): Promise<Message> {
  if (process.stdin.isTTY) process.stderr.write('Type the message; end with Ctrl-D.\n')
  const payload = await buffer(process.stdin)
  if (payload.length > MAX_PAYLOAD_BYTES)
    throw new UsageError(`The message has ${payload.length} bytes; at most ${MAX_PAYLOAD_BYTES} are allowed.`)
  const topic = options.topic ?? rule.filter ?? ''
  return new Message({ topic, payload, clientId: options['client-id'] })
}
