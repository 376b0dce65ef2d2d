import { expect, test } from 'vitest'
import {
  type ExtraFields,
  flag,
  integer,
  list,
  Misfit,
  map,
  nullable,
  number,
  object,
  oneOf,
  pair,
  read,
  text,
} from './shape.ts'

const place = object(
  {
    name: text({ max: 5 }),
    kind: oneOf('shop', 'depot'),
    at: pair(number({ min: -180, max: 180 }), number({ min: -90, max: 90 })),
    tags: map(
      text({ max: 3, pattern: /^[a-z]+$/, like: 'lower-case letters' }),
      nullable(integer({ min: 0, max: 9 })),
      { max: 2 },
    ),
    hours: list(object({ from: integer({ min: 0, max: 24 }), open: flag }), { min: 1, max: 2 }),
  },
  { note: text({ min: 0, max: 3 }) },
)

const good = {
  name: 'Soho',
  kind: 'shop',
  at: [-73.9, 40.7],
  tags: { a: 1, b: null },
  hours: [{ from: 8, open: true }],
}

function misfit(value: unknown, extra: ExtraFields = 'refused'): string {
  try {
    read(place, value, extra)
    return 'fits'
  } catch (error) {
    expect(error).toBeInstanceOf(Misfit)
    return `${(error as Misfit).field} | ${(error as Misfit).message}`
  }
}

test('a value of the shape is returned with the members of the shape only', () => {
  expect(read(place, good, 'refused')).toEqual(good)
  expect(read(place, { ...good, later: 1, note: '' }, 'ignored')).toEqual({ ...good, note: '' })
})

test.each([
  ['a value that is not an object', null, ' | The value must be an object.'],
  ['a list', [good], ' | The value must be an object.'],
  ['an unknown word', { ...good, kind: 'Shop' }, 'kind | kind must be "shop" or "depot".'],
  [
    'an unknown field',
    { ...good, colour: 1 },
    'colour | colour is not known; there are name, kind, at, tags, hours, note.',
  ],
  ['a wrong type', { ...good, name: 5 }, 'name | name must be a string.'],
  [
    'a string that is too long',
    { ...good, name: 'x'.repeat(250_000) },
    'name | name must have 1 to 5 characters, and has 250000.',
  ],
  [
    'half a character',
    { ...good, name: '\ud800' },
    'name | name has half of a surrogate pair, which is not Unicode.',
  ],
  ['a number that JSON does not have', { ...good, at: [NaN, 0] }, 'at[0] | at[0] must be a number.'],
  ['a number out of bounds', { ...good, at: [0, 91] }, 'at[1] | at[1] must be between -90 and 90.'],
  ['an item too many', { ...good, at: [1, 2, 3] }, 'at | at must be a list of two items.'],
  ['too few items', { ...good, hours: [] }, 'hours | hours must have 1 to 2 items, and has 0.'],
  [
    'a fraction',
    { ...good, hours: [{ from: 8.5, open: true }] },
    'hours[0].from | hours[0].from must be a whole number.',
  ],
  [
    'deep inside',
    { ...good, hours: [{ from: 8, open: true }, { from: 8 }] },
    'hours[1].open | hours[1].open is missing.',
  ],
  [
    'a name of a map',
    { ...good, tags: { A: 1 } },
    'the name A of tags | the name A of tags must be lower-case letters.',
  ],
  ['a value of a map', { ...good, tags: { a: 10 } }, 'tags.a | tags.a must be between 0 and 9.'],
  [
    'too many names',
    { ...good, tags: { a: 1, b: 1, c: 1 } },
    'tags | tags must have at most 2 names, and has 3.',
  ],
])('a value is refused with its place: %s', (_, value, expected) => {
  expect(misfit(value)).toBe(expected)
})

test('foreign names are shortened and escaped in messages, and set no prototypes', () => {
  expect(misfit({ ...good, [`\u001b[2J${'x'.repeat(300)}`]: 1 })).toMatch(/^"\\u001b\[2Jx{56}…" \| /)
  expect(misfit(JSON.parse('{"__proto__": {"name": "Soho"}, "kind": "shop"}'))).toMatch(
    /^__proto__ \| __proto__ is not known/,
  )
  expect(misfit(JSON.parse('{"__proto__": {"name": "Soho"}, "kind": "shop"}'), 'ignored')).toBe(
    'name | name is missing.',
  )
  const loose = map(text({ max: 20 }), number({ min: 0, max: 1 }), { max: 5 })
  expect(Object.keys(read(loose, JSON.parse('{"__proto__": 1}'), 'refused'))).toEqual(['__proto__'])
})

test('a deeply nested value costs nothing, since only the depth of the shape is read', () => {
  const deep = JSON.parse(`${'['.repeat(120_000)}${']'.repeat(120_000)}`)
  expect(misfit({ ...good, at: deep })).toBe('at | at must be a list of two items.')
  expect(misfit({ ...good, extra: deep })).toMatch(/^extra \| /)
})
