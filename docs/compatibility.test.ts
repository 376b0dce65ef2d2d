/** The tables of compatibility.md leave nothing out. */
import { readFileSync } from 'node:fs'
import {
  dynamodbModel,
  dynamodbStreamsModel,
  firehoseModel,
  glueModel,
  iotDataModel,
  iotModel,
  kinesisModel,
  lambdaModel,
  sagemakerRuntimeModel,
  snsModel,
  stsModel,
} from '@weir/aws'
import { REFUSED_KINDS } from '@weir/ingest-hub/rules/actions/kinds.ts'
import { expect, test } from 'vitest'

const page = readFileSync(new URL('compatibility.md', import.meta.url), 'utf8')
const section = (title: string): string => page.split(/^## /m).find((text) => text.startsWith(`${title}\n`))!
const rows = (title: string): string[][] =>
  section(title)
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .slice(1)
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    )

test('the page has a row for every operation of Kinesis', () => {
  const listed = rows('Kinesis operations')
  expect(listed.map(([name]) => name).sort()).toEqual(Object.keys(kinesisModel.operations).sort())
  for (const [name, served] of listed) expect(['served', 'noted only', 'not served'], name).toContain(served)
})

test('the page has a row for every operation of Firehose, and for every source and destination', () => {
  const [operations, parts] = [true, false].map((isOperation) =>
    rows('Firehose operations').filter(([name]) => name in firehoseModel.operations === isOperation),
  )
  // The rows of partners are about URLs.
  const partners = parts.findIndex(([name]) => name === 'partner')
  parts.splice(partners)
  expect(operations.map(([name]) => name).sort()).toEqual(Object.keys(firehoseModel.operations).sort())
  for (const [name, served] of [...operations, ...parts].filter(([name]) => !name.startsWith('part of ')))
    expect(['served', 'noted only', 'not served'], name).toContain(served)
  const named = new Set(parts.flatMap(([cell]) => cell.split(', ')))
  const ends = /(Source|Destination)Configuration$/
  const members = Object.keys(firehoseModel.shapes.CreateDeliveryStreamInput.members!)
  for (const member of members.filter((name) => ends.test(name) && name !== 'DirectPutSourceConfiguration'))
    expect(named).toContain(member)
  const { ExtendedS3DestinationConfiguration: s3, HttpEndpointDestinationConfiguration: http } =
    firehoseModel.shapes
  for (const member of Object.keys({ ...s3.members, ...http.members }))
    if (member !== 'S3BackupConfiguration') expect(named).toContain(member)
})

test('the page has a row for every operation of DynamoDB in the models', () => {
  const listed = rows('DynamoDB operations')
  const operations = [dynamodbModel, dynamodbStreamsModel].flatMap((model) => Object.keys(model.operations))
  expect(listed.map(([name]) => name).sort()).toEqual(operations.sort())
  for (const [name, served] of listed) expect(served, name).toBe('served')
})

test('the page has a row for every operation of Glue in the model', () => {
  const listed = rows('Glue operations')
  expect(listed.map(([name]) => name).sort()).toEqual(Object.keys(glueModel.operations).sort())
  for (const [name, served] of listed) expect(['served', 'noted only', 'not served'], name).toContain(served)
})

test("the page has a row for every operation of SageMaker's runtime in the model", () => {
  const listed = rows('SageMaker operations')
  expect(listed.map(([name]) => name)).toEqual(Object.keys(sagemakerRuntimeModel.operations))
  for (const [name, served] of listed) expect(served, name).toBe('served')
})

test('the page has a row for every operation of SNS', () => {
  const listed = rows('SNS operations')
  expect(listed.map(([name]) => name).sort()).toEqual(Object.keys(snsModel.operations).sort())
  for (const [name, served] of listed) expect(['served', 'noted only', 'not served'], name).toContain(served)
})

test('the page has a row for every operation of IoT in the models, and names every action that is refused', () => {
  const listed = rows('IoT operations').filter((row) => row.length === 3)
  const operations = [iotModel, iotDataModel].flatMap((model) => Object.keys(model.operations))
  expect(listed.map(([name]) => name).sort()).toEqual(operations.sort())
  for (const [name, served] of listed) expect(served, name).toBe('served')
  expect(section('IoT operations')).toContain(`${REFUSED_KINDS.toSorted().join(', ')}.`)
})

test('the page has a row for every operation of STS in the model', () => {
  const listed = rows('STS operations')
  expect(listed.map(([name]) => name)).toEqual(Object.keys(stsModel.operations))
  for (const [name, served] of listed) expect(served, name).toBe('served')
})

test('the page names every operation of Lambda in the model, and every setting of a mapping and of a function', () => {
  const names = (title: string): string[] =>
    rows(title).flatMap(([cell]) => cell.split(', ').map((name) => name.split('.')[0]))
  expect(names('Lambda operations').sort()).toEqual(Object.keys(lambdaModel.operations).sort())
  expect(new Set(names('Settings of event source mappings'))).toEqual(
    new Set(Object.keys(lambdaModel.shapes.CreateEventSourceMappingRequest.members!)),
  )
  expect(new Set(names('Settings of functions'))).toEqual(
    new Set(Object.keys(lambdaModel.shapes.CreateFunctionRequest.members!)),
  )
})
