import { DEAD_LETTER, gatherTopics } from '@weir/contracts'
import { afterEach, expect, test, vi } from 'vitest'
import { create } from '../commands/new.ts'
import { indexProperties } from './index-properties.ts'
import { nameOf, renaming, replaced } from './name.ts'

const err = vi.spyOn(process.stderr, 'write').mockReturnValue(true)
afterEach(() => vi.clearAllMocks())
const said = (): string => err.mock.calls.map(([text]) => text).join('')

test.each([
  [[], 2, 'The kind is missing: one of solution, service, step, sink.'],
  [['solutio', 'x'], 2, 'Did you mean solution?'],
  [['solution'], 2, 'Give a name.'],
  [['solution', 'Fleet'], 2, '"Fleet" is not a name'],
  [['solution', 'fleet_alarms'], 2, 'is not a name'],
  [['solution', '../fleet'], 2, 'is not a name'],
  [['solution', 'fleet-'], 2, 'is not a name'],
  [['solution', 'fleet--alarms'], 2, 'is not a name'],
  [['solution', '2nd'], 2, 'is not a name'],
  [['solution', 'x'.repeat(41)], 2, 'at most 40 characters'],
  [['solution', 'one', 'two'], 2, '"two" is one argument too many.'],
  [['solution', 'taxi-telemetry'], 1, 'already called taxi-telemetry'],
  [['solution', 'taxi'], 1, 'already called taxi'],
  [['solution', 'generated'], 1, 'solutions/generated exists already'],
  [['solution', 'stream'], 1, 'Topic names that begin with stream. belong to the platform'],
  [['solution', 'weir'], 1, 'Topic names that begin with weir. belong to the platform'],
  [['solution', 'fleet', '--flow', 'taxi'], 2, '--flow is for `weir new step`.'],
  [['service', 'enricher'], 1, 'The name enricher is taken'],
  [['service', 'redis'], 1, 'The name redis is taken'],
  [['service', 'journal'], 1, 'The name journal is taken'],
  [['service', 'hub'], 1, 'The name hub is taken'],
  [['service', 'a'.repeat(21)], 2, 'at most 20 characters'],
  [['service', 'price-desk', '--port', '8081'], 1, 'Port 8081 is taken by another part'],
  [['service', 'price-desk', '--port', '6566'], 1, 'Browsers and fetch refuse to connect to port 6566'],
  [['service', 'price-desk', '--port', '80'], 2, '--port is "80"'],
  [['step', 'flag'], 2, '--flow is missing; it is one of taxi'],
  [['step', 'flag', '--flow', 'taxo'], 2, 'There is no flow taxo. Did you mean taxi?'],
  [['step', 'delete', '--flow', 'taxi'], 2, '"delete" already has a meaning in code'],
  [['step', 'drop', '--flow', 'taxi'], 2, '"drop" already has a meaning in code'],
  [['step', 'zones', '--flow', 'taxi'], 1, 'solutions/taxi-telemetry/zones.ts exists already'],
  [['sink', 'late'], 2, '--topic is missing; it is one of taxi.telemetry,'],
  [['sink', 'late', '--topic', 'weir.stats'], 2, 'weir.stats is not a topic of a solution.'],
  [['sink', 'taxi', '--topic', 'taxi.enriched'], 1, 'The sink taxi exists already'],
  [['sink', 'offers', '--topic', 'location.offers'], 1, "deadLetterTopic('indexer')"],
])('the arguments %j are refused before anything is written', async (args, code, sentence) => {
  expect(await create.run(args)).toBe(code)
  expect(said()).toContain(sentence)
})

test('every form of the name replaces the same form of the example', () => {
  const to = nameOf('fleet-alarms-2')
  expect(
    replaced(
      'example-thing exampleThing ExampleThing EXAMPLE_THING Example thing example',
      renaming(nameOf('example-thing'), to),
    ),
  ).toBe('fleet-alarms-2 fleetAlarms2 FleetAlarms2 FLEET_ALARMS_2 Fleet alarms 2 example')
  // A name with the example in it is not replaced again.
  expect(replaced('example', { example: 'my-example', my: 'your' })).toBe('my-example')
})

test('the mapping of an index is derived from the contract', () => {
  const properties = (value: URL) => {
    const { 'weir.stats': topic } = gatherTopics([], new Set())
    return JSON.parse(`{${indexProperties({ ...topic, value }).replace(/,\n$/, '')}}`)
  }
  expect(
    properties(new URL('../../../solutions/taxi-telemetry/contracts/enriched.avsc', import.meta.url)),
  ).toEqual({
    deviceId: { type: 'keyword' },
    tripId: { type: 'keyword' },
    position: { type: 'geo_point' },
    speed: { type: 'float' },
    heading: { type: 'float' },
    fuel: { type: 'float' },
    charge: { type: 'float' },
    engineTemperature: { type: 'float' },
    state: { type: 'keyword' },
    zone: { type: 'keyword' },
    zoneName: { type: 'keyword' },
    eventTime: { type: 'date', format: 'epoch_millis' },
    arrivalTime: { type: 'date', format: 'epoch_millis' },
  })
  expect(properties(DEAD_LETTER)).not.toHaveProperty('value')
})
