/** Rules in the forms that public templates and manuals have them, on messages of device shadows and sensors. */
import { describe, expect, test } from 'vitest'
import { parseTemplate } from './index.ts'
import { CONTEXT, message, run } from './testing/run.ts'

/** A document of a shadow's update, before and after. */
const DOCUMENTS = {
  previous: { state: { reported: { door: 'closed', temperature: 19, roam: { cell: 7 } } }, version: 3 },
  current: {
    state: { reported: { door: 'open', temperature: 21, armed: 'armed', roam: { cell: 8 } } },
    version: 4,
  },
  timestamp: 1549989213,
}
const TOPIC = { topic: '$aws/things/hall/shadow/update/documents', clientId: 'hall' }

describe('a rule on the documents of a shadow', () => {
  test.each([
    [
      `SELECT topic(3) as thingName, current.state.reported.door as currentDoor
       FROM '$aws/things/+/shadow/update/documents'
       WHERE (current.state.reported.door <> previous.state.reported.door
         OR current.state.reported.window <> previous.state.reported.window)
         AND current.state.reported.armed = 'armed'`,
      { thingName: 'hall', currentDoor: 'open' },
    ],
    [
      `SELECT current.state.reported.roam.cell AS cell, clientid() as deviceId FROM '$aws/things/+/shadow/update/documents'
       WHERE current.state.reported.roam.cell <> NULL
         AND previous.state.reported.roam.cell <> current.state.reported.roam.cell`,
      { cell: 8, deviceId: 'hall' },
    ],
    [
      `SELECT current.state.reported.* FROM '$aws/things/+/shadow/update/documents'
       WHERE startswith(topic(3), 'ha') AND NOT isUndefined(current.state.reported)`,
      DOCUMENTS.current.state.reported,
    ],
    [
      `SELECT 'sensor' AS device, current.state.reported.temperature AS temperature, timestamp()/1000 + 604800 AS expireAt
       FROM '$aws/things/+/shadow/update/documents'`,
      { device: 'sensor', temperature: 21, expireAt: 1482430051 },
    ],
    [
      `SELECT 'temperature' as attribute, current.state.reported.temperature as value, 20 as threshold
       FROM '$aws/things/+/shadow/update/documents'
       WHERE (current.state.reported.temperature > 20 AND NOT (previous.state.reported.temperature > 20))
         OR (NOT (current.state.reported.temperature > 20) AND previous.state.reported.temperature > 20)`,
      { attribute: 'temperature', value: 21, threshold: 20 },
    ],
  ])('%s', (sql, expected) => {
    expect(JSON.parse(run(sql, message(DOCUMENTS, TOPIC)))).toEqual(expected)
  })
})

test('a rule that takes messages without a field, and not those with one value of it', () => {
  const sql = `SELECT state.reported.barcode as barcode FROM '$aws/things/+/shadow/update'
    WHERE state.reported.barcode <> ''
      AND (isUndefined(state.reported.flowVersion) OR state.reported.flowVersion <> 'v2')`
  const reported = (fields: object) => message({ state: { reported: { barcode: '42', ...fields } } })
  expect(run(sql, reported({}))).toBe('{"barcode":"42"}')
  expect(run(sql, reported({ flowVersion: 'v1' }))).toBe('{"barcode":"42"}')
  expect(run(sql, reported({ flowVersion: 'v2' }))).toBe('condition-false')
})

test('a field whose name is no word is read by get', () => {
  const sql = `SELECT get(get(get(state, "reported"), "14203:1.0"), "0") as connection, topic(3) as id
    from '$aws/things/+/shadow/name/lwm2m/update/accepted'
    WHERE isUndefined(get(get(get(state, "reported"), "14203:1.0"), "0")) = False`
  const from = message({ state: { reported: { '14203:1.0': { 0: 'LTE-M' } } } }, TOPIC)
  expect(run(sql, from)).toBe('{"connection":"LTE-M","id":"hall"}')
  expect(run(sql, message({ state: {} }, TOPIC))).toBe('condition-false')
})

test('a template that looks a value up in an array', () => {
  const template = parseTemplate(
    "${get((SELECT VALUE val FROM payload.vals WHERE id = 's2'),0)}",
    '2016-03-23',
  )
  const vals = [
    { id: 's1', val: 1 },
    { id: 's2', val: 2.5 },
  ]
  expect(template.render(message({ payload: { vals } }), CONTEXT)).toBe('2.5')
})

test('the whole message in an object with its properties', () => {
  const sql = `SELECT VALUE {
      'message': *,
      'properties': {'user': get_user_properties(), 'contentType': get_mqtt_property('content_type')}
    } FROM 'a'`
  const from = message({ a: 1 }, { properties: { contentType: 'application/json', user: [['k', 'v']] } })
  expect(JSON.parse(run(sql, from))).toEqual({
    message: { a: 1 },
    properties: { user: [{ k: 'v' }], contentType: 'application/json' },
  })
})
