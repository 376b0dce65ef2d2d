/** The entries of weir.control.rules, and their checks before they are applied. */
import { iotModel } from '@weir/aws'
import { compile } from '@weir/aws/validate.ts'
import type { CheckState } from '@weir/control'
import { SQL_VERSIONS } from '@weir/iot-sql'
import {
  flag,
  integer,
  list,
  map,
  nullable,
  object,
  oneOf,
  read,
  type Shape,
  type ShapedBy,
  text,
} from '@weir/topics/shape.ts'
import type { ActionInput } from './actions/action.ts'

/** Model of AWS IoT, RuleName. */
export const RULE_NAME = /^[a-zA-Z0-9_]{1,128}$/
/** AWS IoT Core's quotas: actions of a rule, and its size. */
export const MAX_ACTIONS = 10
export const MAX_RULE_CHARACTERS = 262_144

const checkAction = compile<ActionInput>(iotModel, 'Action')
/** An action as the API's model has it. */
const action: Shape<ActionInput> = (value) => checkAction(value)

const name = text({ max: 128, pattern: RULE_NAME, like: 'letters, digits and _' })
const id = text({ max: 64, pattern: /^[0-9a-f-]+$/, like: 'hexadecimal digits and dashes' })
const time = integer({ min: 0, max: 8.64e15 })
const tags = map(text({ max: 128 }), text({ min: 0, max: 256 }), { max: 50 })

const rule = object({
  name,
  /** A rule that is deleted and created again has another. */
  id,
  sql: text({ max: MAX_RULE_CHARACTERS }),
  sqlVersion: oneOf(...SQL_VERSIONS),
  description: nullable(text({ min: 0, max: MAX_RULE_CHARACTERS })),
  disabled: flag,
  createdAt: time,
  tags,
  actions: list(action, { max: MAX_ACTIONS }),
  errorAction: nullable(action),
})
export type StoredRule = ShapedBy<typeof rule>

export const DESTINATION_STATES = ['ENABLED', 'IN_PROGRESS', 'DISABLED', 'ERROR'] as const

const destination = object({
  id,
  url: text({ max: 2000 }),
  status: oneOf(...DESTINATION_STATES),
  statusReason: nullable(text({ min: 0, max: 1000 })),
  /** Shown by the receiver that confirms the destination. */
  token: text({ max: 256 }),
  createdAt: time,
  updatedAt: time,
})
export type Destination = ShapedBy<typeof destination>

export const checks = {
  rule: (state, entryId) => {
    if (read(rule, state, 'ignored').name !== entryId)
      throw new Error('The rule is stored under the name of another rule.')
  },
  destination: (state, entryId) => {
    if (read(destination, state, 'ignored').id !== entryId)
      throw new Error('The destination is stored under the id of another destination.')
  },
} satisfies Record<string, CheckState>

export interface Entries {
  readonly rule: StoredRule
  readonly destination: Destination
}
