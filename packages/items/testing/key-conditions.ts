/** Key conditions with their meaning. The unit tests and the comparison with DynamoDB Local use them. */
import type { KeySchema } from '../keys/schema.ts'

export const SCHEMA: KeySchema = { partition: { name: 'a', type: 'S' }, sort: { name: 'b', type: 'N' } }
export const VALUES = {
  ':a': { S: 'x' },
  ':b': { N: '1.0' },
  ':c': { N: '2' },
  ':empty': { S: '' },
  ':t': { BOOL: true },
}

export const NAMES = { '#a': 'a', '#b': 'b' }

export const PARTITION = { S: 'x' }
const value = { N: '1' }

/** Key conditions, and what they say of the sort key. */
export const SORTS = [
  ['a = :a', undefined],
  [':a = #a', undefined],
  ['(a = :a)', undefined],
  ['a = :a AND b = :b', { operator: '=', value }],
  ['#b < :b and (a = :a)', { operator: '<', value }],
  ['(a = :a and b >= :b)', { operator: '>=', value }],
  ['a = :a AND :b >= b', { operator: '<=', value }],
  ['a = :a AND :b < b', { operator: '>', value }],
  ['a = :a AND b BETWEEN :b AND :c', { operator: 'BETWEEN', lower: value, upper: { N: '2' } }],
] as const

const invalid = 'Invalid condition in KeyConditionExpression: '

/** Texts that are refused, and the errors. */
export const REFUSED: readonly (readonly [string, string])[] = [
  ['a > 4', 'Invalid KeyConditionExpression: Syntax error; token: "4", near: "> 4"'],
  [
    'a = :a AND c = :x',
    'Invalid KeyConditionExpression: An expression attribute value used in expression is not defined; attribute value: :x',
  ],
  [
    'a = :a AND begins_with(b, :b)',
    'Invalid KeyConditionExpression: Incorrect operand type for operator or function; operator or function: begins_with, operand type: N',
  ],
  ['a = :a OR b = :b', 'Invalid operator used in KeyConditionExpression: OR'],
  ['a > b and size(b) > c or a > c', 'Invalid operator used in KeyConditionExpression: OR'],
  ['a IN (:a)', 'Invalid operator used in KeyConditionExpression: IN'],
  ['NOT a = :a', 'Invalid operator used in KeyConditionExpression: NOT'],
  ['a <> :a', 'Invalid operator used in KeyConditionExpression: <>'],
  ['attribute_exists(a)', 'Invalid operator used in KeyConditionExpression: attribute_exists'],
  ['contains(a.d, b)', 'Invalid operator used in KeyConditionExpression: contains'],
  [':a BETWEEN a AND b', `${invalid}BETWEEN operator must have the key attribute as its first operand`],
  ['begins_with(:a, b)', `${invalid}begins_with operator must have the key attribute as its first operand`],
  ['a > size(b.d)', 'KeyConditionExpressions cannot contain nested operations'],
  ['b > a.b', `${invalid}Multiple attribute names used in one condition`],
  ['b between c[1] and d', `${invalid}Multiple attribute names used in one condition`],
  ['a.d > :a', 'KeyConditionExpressions cannot have conditions on nested attributes'],
  [':a = :b AND a = :a', `${invalid}No key attribute specified`],
  ['a = :a AND a = :a', 'KeyConditionExpressions must only contain one condition per key'],
  ['a = :a AND b = :b AND c = :b', 'Conditions can be of length 1 or 2 only'],
  ['b = :b', 'Query condition missed key schema element: a'],
  ['a = :a AND c = :b', 'Query condition missed key schema element: b'],
  ['a > :a', 'Query key condition not supported'],
  [
    'a = :b',
    'One or more parameter values were invalid: Condition parameter type does not match schema type',
  ],
  [
    'a = :a AND b = :a',
    'One or more parameter values were invalid: Condition parameter type does not match schema type',
  ],
  [
    'a = :empty',
    'One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: a',
  ],
]
