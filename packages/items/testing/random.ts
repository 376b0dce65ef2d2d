/** Random expressions over the items of these tables, the same in every run. */
import * as conditions from './conditions.ts'
import * as updates from './updates.ts'

export type Random = (below: number) => number

/** Returns a function that returns numbers from 0 up to, but without, its argument. */
export function seeded(seed: number): Random {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff
    return (state >> 8) % below
  }
}

const pick = <T>(random: Random, choices: readonly T[]): T => choices[random(choices.length)]

const CONDITION_PATHS = [
  'n',
  's',
  'b',
  't',
  'z',
  'l',
  'm',
  'ss',
  'ns',
  'bs',
  'x',
  'l[0]',
  'l[1]',
  'l[9]',
  'm.a',
  'm.x',
  '#n',
]
const CONDITION_VALUES = Object.keys(conditions.VALUES).filter((name) => name !== ':X')

export function randomCondition(random: Random, depth = 2): string {
  const operand = (): string => {
    if (random(6) === 0) return `size(${pick(random, CONDITION_PATHS)})`
    return pick(random, random(2) === 0 ? CONDITION_PATHS : CONDITION_VALUES)
  }
  const path = (): string => pick(random, CONDITION_PATHS)
  if (depth > 0)
    switch (random(6)) {
      case 0:
        return `${randomCondition(random, depth - 1)} AND ${randomCondition(random, depth - 1)}`
      case 1:
        return `${randomCondition(random, depth - 1)} OR ${randomCondition(random, depth - 1)}`
      case 2:
        return `NOT ${randomCondition(random, depth - 1)}`
      case 3:
        return `(${randomCondition(random, 0)} or ${randomCondition(random, 0)})`
    }
  switch (random(8)) {
    case 0:
      return `${path()} BETWEEN ${operand()} AND ${operand()}`
    case 1:
      return `${path()} IN (${operand()}, ${operand()})`
    case 2:
      return `${pick(random, ['attribute_exists', 'attribute_not_exists'])}(${path()})`
    case 3:
      return `contains(${path()}, ${operand()})`
    case 4:
      return `begins_with(${path()}, ${operand()})`
    case 5:
      return `attribute_type(${path()}, :N)`
    default:
      return `${path()} ${pick(random, ['=', '<>', '<', '<=', '>', '>='])} ${operand()}`
  }
}

const UPDATE_PATHS = [
  'n',
  's',
  'l',
  'm',
  'ss',
  'ns',
  'bs',
  'x',
  'y',
  'l[0]',
  'l[2]',
  'l[7]',
  'l[9]',
  'm.a',
  'm.b',
  'm.b[0]',
  'm.b[0].c',
  'm.x',
  'x.y',
]
const UPDATE_VALUES = Object.keys(updates.VALUES)

export function randomUpdate(random: Random): string {
  const path = (): string => pick(random, UPDATE_PATHS)
  const value = (): string => pick(random, UPDATE_VALUES)
  const operand = (): string => (random(2) === 0 ? path() : value())
  const term = (): string => {
    switch (random(6)) {
      case 0:
        return `${operand()} ${pick(random, ['+', '-'])} ${operand()}`
      case 1:
        return `if_not_exists(${path()}, ${operand()})`
      case 2:
        return `list_append(${operand()}, ${operand()})`
      default:
        return operand()
    }
  }
  const sections: Record<string, () => string> = {
    SET: () => `${path()} = ${term()}`,
    REMOVE: path,
    ADD: () => `${path()} ${value()}`,
    DELETE: () => `${path()} ${value()}`,
  }
  const chosen = Object.keys(sections).filter(() => random(3) === 0)
  return (chosen.length === 0 ? ['SET'] : chosen)
    .map((section) => `${section} ${Array.from({ length: 1 + random(2) }, sections[section]).join(', ')}`)
    .join(' ')
}

export function randomProjection(random: Random): string {
  const paths = [
    'a',
    'l',
    'l[0]',
    'l[1].b',
    'l[1].c',
    'l[2]',
    'l[5]',
    'm.b',
    'm.b.c',
    'm.d',
    'm.x',
    'x',
    'x.y',
  ]
  return Array.from({ length: 1 + random(4) }, () => pick(random, paths)).join(', ')
}

export function randomNumber(random: Random): string {
  const digits = Array.from({ length: 1 + random(38) }, () => random(10)).join('')
  return `${random(2) === 0 ? '-' : ''}${digits}e${random(200) - 100 - digits.length}`
}
