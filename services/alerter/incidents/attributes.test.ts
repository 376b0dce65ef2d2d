import { expect, test } from 'vitest'
import { alertIn, complaintAboutAlert } from './attributes.ts'
import { complaintAboutEscalation, parseEscalation } from './escalation.ts'

const texts = (values: Readonly<Record<string, string>>) =>
  Object.entries(values).map(([name, text]) => ({
    name: `weir.incident.${name}`,
    type: 'String',
    text,
    bytes: null,
  }))

test('the attributes of an alert have defaults, and other messages belong to no incident', () => {
  expect(alertIn(texts({ key: 'a' }))).toEqual({ key: 'a', status: 'open', severity: 'error' })
  expect(alertIn(texts({ key: 'a', status: 'resolved', severity: 'info' }))).toMatchObject({
    status: 'resolved',
    severity: 'info',
  })
  expect(alertIn([])).toBeUndefined()
})

test.each([
  [{ key: 'disk/host-7' }, 'x', undefined],
  [{}, 'x'.repeat(200_000), undefined],
  [{ status: 'open' }, 'x', "must have 'weir.incident.key'"],
  [{ key: 'two words' }, 'x', 'printable ASCII'],
  [{ key: 'k'.repeat(201) }, 'x', '200'],
  [{ key: 'a', status: 'closed' }, 'x', 'open, update, resolved'],
  [{ key: 'a', severity: 'bad' }, 'x', 'info, warning, error, critical'],
  [{ key: 'a', colour: 'red' }, 'x', 'not known'],
  [{ key: 'a' }, 'x'.repeat(8193), '8192'],
])('a message with %j is checked', (values, message, complaint) => {
  const said = complaintAboutAlert(message, false, texts(values))
  if (complaint === undefined) expect(said).toBeUndefined()
  else expect(said).toContain(complaint)
})

test('one text for all protocols, and attributes that are small', () => {
  expect(complaintAboutAlert('{}', true, texts({ key: 'a' }))).toContain('one text')
  const large = [...texts({ key: 'a' }), { name: 'b', type: 'Binary', text: null, bytes: Buffer.alloc(9000) }]
  expect(complaintAboutAlert('x', false, large)).toContain('attributes')
  const typed = texts({ key: 'a' }).map((one) => ({ ...one, type: 'Number' }))
  expect(complaintAboutAlert('x', false, typed)).toContain('the type String')
})

const step = (topicArn: string, afterSeconds = 900) => JSON.stringify({ steps: [{ afterSeconds, topicArn }] })

test('an escalation policy names topics and times', () => {
  expect(parseEscalation(step('arn:aws:sns:us-east-1:000000000000:managers'))).toEqual([
    { afterSeconds: 900, topic: 'managers' },
  ])
  expect(complaintAboutEscalation(step('arn:aws:sqs:us-east-1:000000000000:managers'))).toContain(
    'steps[0].topicArn',
  )
  expect(complaintAboutEscalation(step('arn:aws:sns:us-east-1:000000000000:managers', 0))).toContain(
    'afterSeconds',
  )
  expect(complaintAboutEscalation('{"steps":[]}')).toContain('1 to 10 items')
  expect(complaintAboutEscalation('[')).toBe('failed to parse JSON.')
  expect(complaintAboutEscalation('')).toBeUndefined()
})
