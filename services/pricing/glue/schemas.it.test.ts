/** Glue's operations on schemas by AWS's own client, on a real registry. */
import {
  CheckSchemaVersionValidityCommand,
  CreateRegistryCommand,
  CreateSchemaCommand,
  DeleteSchemaCommand,
  DeleteSchemaVersionsCommand,
  GetRegistryCommand,
  GetSchemaByDefinitionCommand,
  GetSchemaCommand,
  GetSchemaVersionCommand,
  GlueClient,
  ListRegistriesCommand,
  ListSchemasCommand,
  ListSchemaVersionsCommand,
  PutSchemaVersionMetadataCommand,
  QuerySchemaVersionMetadataCommand,
  RegisterSchemaVersionCommand,
  UpdateSchemaCommand,
} from '@aws-sdk/client-glue'
import { schemaOf } from '@weir/contracts'
import { topics } from '@weir/solutions'
import { servers, uniqueName } from '@weir/testkit'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { OWNER, ownerOf } from '../testing/access-key.ts'
import { clientOf, type Pricing, startPricing } from '../testing/pricing.ts'

const NAME = uniqueName('rides')
const ARN = 'arn:aws:glue:us-east-1:000000000000'
const CONTRACT = JSON.stringify(schemaOf(topics['taxi.telemetry']), null, 2)
let pricing: Pricing
let glue: GlueClient
let owner: GlueClient

beforeAll(async () => {
  pricing = await startPricing({ variables: ownerOf([`weir/${NAME}*`]) })
  glue = clientOf(GlueClient, pricing.url, { maxAttempts: 1 })
  owner = clientOf(GlueClient, pricing.url, { maxAttempts: 1, credentials: OWNER })
})
afterAll(() => pricing?.stop())

const definition = (...fields: object[]): string =>
  JSON.stringify({ type: 'record', name: 'Ride', fields: [{ name: 'id', type: 'string' }, ...fields] })
const OPTIONAL = { name: 'fare', type: ['null', 'double'], default: null }
const create = (SchemaName: string, more: object = {}) =>
  glue.send(
    new CreateSchemaCommand({ SchemaName, DataFormat: 'AVRO', SchemaDefinition: definition(), ...more }),
  )
const register = (SchemaName: string, SchemaDefinition: string) =>
  glue.send(new RegisterSchemaVersionCommand({ SchemaId: { SchemaName }, SchemaDefinition }))

test('a schema is created, evolves, and is found by id, number and definition', async () => {
  const created = await create(NAME, { Compatibility: 'FULL_ALL' })
  expect(created).toMatchObject({
    RegistryName: 'weir',
    SchemaArn: `${ARN}:schema/weir/${NAME}`,
    LatestSchemaVersion: 1,
    SchemaVersionStatus: 'AVAILABLE',
  })
  const second = await register(NAME, definition(OPTIONAL))
  expect(second).toMatchObject({ VersionNumber: 2, Status: 'AVAILABLE' })
  expect(await register(NAME, ` ${definition(OPTIONAL)}`)).toMatchObject({
    SchemaVersionId: second.SchemaVersionId,
    VersionNumber: 2,
  })
  const SchemaId = { SchemaName: NAME, RegistryName: 'default-registry' }
  expect(await glue.send(new GetSchemaCommand({ SchemaId }))).toMatchObject({
    Compatibility: 'FULL_ALL',
    DataFormat: 'AVRO',
    LatestSchemaVersion: 2,
    NextSchemaVersion: 3,
  })
  const versions = await Promise.all(
    [
      { SchemaVersionId: created.SchemaVersionId },
      { SchemaId, SchemaVersionNumber: { VersionNumber: 1 } },
      { SchemaId: { SchemaArn: created.SchemaArn }, SchemaVersionNumber: { VersionNumber: 1 } },
    ].map((input) => glue.send(new GetSchemaVersionCommand(input))),
  )
  for (const version of versions)
    expect(version).toMatchObject({
      SchemaDefinition: definition(),
      SchemaVersionId: created.SchemaVersionId,
      VersionNumber: 1,
    })
  const latest = { SchemaId, SchemaVersionNumber: { LatestVersion: true } }
  expect(await glue.send(new GetSchemaVersionCommand(latest))).toMatchObject({ VersionNumber: 2 })
  const { fields, ...rest } = JSON.parse(definition(OPTIONAL))
  const otherForm = JSON.stringify({ fields, doc: 'A ride.', ...rest }, null, 2)
  expect(
    await glue.send(new GetSchemaByDefinitionCommand({ SchemaId, SchemaDefinition: otherForm })),
  ).toMatchObject({ SchemaVersionId: second.SchemaVersionId, Status: 'AVAILABLE' })
  const listed = await glue.send(new ListSchemaVersionsCommand({ SchemaId, MaxResults: 1 }))
  const more = await glue.send(new ListSchemaVersionsCommand({ SchemaId, NextToken: listed.NextToken }))
  expect([...listed.Schemas!, ...more.Schemas!].map((one) => one.VersionNumber)).toEqual([1, 2])
  expect(more.NextToken).toBeUndefined()
})

test('an incompatible version is refused, until the compatibility allows it', async () => {
  const name = uniqueName('evolving')
  await create(name)
  const required = definition({ name: 'fare', type: 'double' })
  await expect(register(name, required)).rejects.toMatchObject({
    name: 'InvalidInputException',
    message: expect.stringContaining('The schema registry refused it'),
  })
  const SchemaId = { SchemaName: name }
  await glue.send(new UpdateSchemaCommand({ SchemaId, Compatibility: 'FORWARD' }))
  expect(await glue.send(new GetSchemaCommand({ SchemaId }))).toMatchObject({ Compatibility: 'FORWARD' })
  expect(await register(name, required)).toMatchObject({ VersionNumber: 2 })
})

test("a topic's contract is the schema of the topic's name, and stays what it is", async () => {
  const SchemaId = { SchemaName: 'taxi.telemetry' }
  expect(await glue.send(new GetSchemaCommand({ SchemaId }))).toMatchObject({ Compatibility: 'FULL_ALL' })
  const found = await glue.send(new GetSchemaByDefinitionCommand({ SchemaId, SchemaDefinition: CONTRACT }))
  expect(found.SchemaArn).toBe(`${ARN}:schema/weir/taxi.telemetry`)
  const alias = { SchemaName: 'taxi.telemetry-value' }
  expect(await glue.send(new GetSchemaCommand({ SchemaId: alias }))).toMatchObject(SchemaId)
  const { url } = await servers.registry()
  const { id } = (await (await fetch(`${url}/subjects/taxi.telemetry-value/versions/latest`)).json()) as any
  expect(found.SchemaVersionId).toBe(`57656972-0000-8000-8000-0000${id.toString(16).padStart(8, '0')}`)
  const metadata = { SchemaVersionId: found.SchemaVersionId }
  expect(await glue.send(new QuerySchemaVersionMetadataCommand(metadata))).toMatchObject({
    MetadataInfoMap: { 'x-amz-meta-transport': { MetadataValue: 'taxi.telemetry' } },
  })
  await expect(glue.send(new UpdateSchemaCommand({ SchemaId, Compatibility: 'FULL' }))).rejects.toMatchObject(
    { name: 'InvalidInputException' },
  )
  await expect(create('taxi.telemetry')).rejects.toMatchObject({ name: 'AlreadyExistsException' })
})

test('there is one registry, by two names', async () => {
  const { Registries } = await glue.send(new ListRegistriesCommand())
  expect(Registries).toMatchObject([{ RegistryName: 'weir', RegistryArn: `${ARN}:registry/weir` }])
  const RegistryId = { RegistryName: 'default-registry' }
  expect(await glue.send(new GetRegistryCommand({ RegistryId }))).toMatchObject({ RegistryName: 'weir' })
  await expect(glue.send(new CreateRegistryCommand({ RegistryName: 'weir' }))).rejects.toMatchObject({
    name: 'AlreadyExistsException',
  })
  await expect(glue.send(new CreateRegistryCommand({ RegistryName: 'b' }))).rejects.toMatchObject({
    name: 'InvalidInputException',
  })
  await expect(
    glue.send(new GetSchemaCommand({ SchemaId: { SchemaName: NAME, RegistryName: 'b' } })),
  ).rejects.toMatchObject({ name: 'EntityNotFoundException' })
})

test('definitions are checked without a schema', async () => {
  const check = (DataFormat: 'AVRO' | 'JSON', SchemaDefinition: string) =>
    glue.send(new CheckSchemaVersionValidityCommand({ DataFormat, SchemaDefinition }))
  expect(await check('AVRO', definition())).toMatchObject({ Valid: true })
  expect(await check('AVRO', '{"type":"nope"}')).toMatchObject({ Valid: false, Error: expect.any(String) })
  expect(await check('JSON', '{"type":"object"}')).toMatchObject({ Valid: true })
  expect(await check('JSON', '7')).toMatchObject({ Valid: false })
  expect(await check('AVRO', `${'['.repeat(160_000)}`)).toMatchObject({ Valid: false })
})

test.each<[string, () => Promise<unknown>, string, string]>([
  [
    'a schema that is not there',
    () => glue.send(new GetSchemaCommand({ SchemaId: { SchemaName: 'nobody' } })),
    'EntityNotFoundException',
    'Schema is not found.',
  ],
  [
    'a definition that is not there',
    () =>
      glue.send(
        new GetSchemaByDefinitionCommand({
          SchemaId: { SchemaName: NAME },
          SchemaDefinition: definition({ name: 'x', type: 'int' }),
        }),
      ),
    'EntityNotFoundException',
    'Schema version is not found.',
  ],
  [
    'an id of another registry',
    () => glue.send(new GetSchemaVersionCommand({ SchemaVersionId: 'b7b4a7f0-9c96-4e4a-a687-fb5de9ef0c63' })),
    'EntityNotFoundException',
    'Schema version is not found.',
  ],
  [
    'an id that the registry does not have',
    () => glue.send(new GetSchemaVersionCommand({ SchemaVersionId: '57656972-0000-8000-8000-0000ffffffff' })),
    'EntityNotFoundException',
    'Schema version is not found.',
  ],
  [
    'an id in capital letters',
    () => glue.send(new GetSchemaVersionCommand({ SchemaVersionId: 'B7B4A7F0-9C96-4E4A-A687-FB5DE9EF0C63' })),
    'InvalidInputException',
    'regular expression pattern',
  ],
  [
    'neither an id nor a schema',
    () => glue.send(new GetSchemaVersionCommand({})),
    'InvalidInputException',
    'Give either',
  ],
  [
    'the deletion of a schema',
    () => glue.send(new DeleteSchemaCommand({ SchemaId: { SchemaName: NAME } })),
    'InvalidInputException',
    'cannot be deleted',
  ],
  [
    'the deletion of versions',
    () => glue.send(new DeleteSchemaVersionsCommand({ SchemaId: { SchemaName: NAME }, Versions: '1' })),
    'InvalidInputException',
    'cannot be deleted',
  ],
  [
    'a mode that the registry does not have',
    () => create(uniqueName('x'), { Compatibility: 'DISABLED' }),
    'InvalidInputException',
    'DISABLED is not supported',
  ],
  [
    'a definition that is not Avro',
    () => create(uniqueName('x'), { SchemaDefinition: '{"type":"nope"}' }),
    'InvalidInputException',
    'Schema definition of AVRO data format is invalid',
  ],
  [
    'a schema without a definition',
    () => create(uniqueName('x'), { SchemaDefinition: undefined }),
    'InvalidInputException',
    'give SchemaDefinition',
  ],
  [
    'other metadata',
    () =>
      glue.send(
        new PutSchemaVersionMetadataCommand({
          SchemaId: { SchemaName: NAME },
          MetadataKeyValue: { MetadataKey: 'team', MetadataValue: 'a' },
        }),
      ),
    'InvalidInputException',
    'no metadata',
  ],
])('refuses %s', async (_, ask, name, text) => {
  await expect(ask()).rejects.toMatchObject({ name, message: expect.stringContaining(text) })
})

test('a key sees and changes the schemas that it has rights over', async () => {
  const { Schemas } = await owner.send(new ListSchemasCommand())
  expect(Schemas!.map(({ SchemaName }) => SchemaName)).toEqual([NAME])
  expect(await owner.send(new ListRegistriesCommand())).toMatchObject({ Registries: [] })
  const all: string[] = []
  let NextToken: string | undefined
  do {
    const page = await glue.send(new ListSchemasCommand({ MaxResults: 20, NextToken }))
    all.push(...page.Schemas!.map(({ SchemaName }) => SchemaName!))
    NextToken = page.NextToken
  } while (NextToken)
  expect(all).toEqual(expect.arrayContaining([NAME, 'taxi.telemetry']))
  expect(new Set(all).size).toBe(all.length)
  const SchemaId = { SchemaName: 'taxi.telemetry-value' }
  await expect(owner.send(new GetSchemaCommand({ SchemaId }))).rejects.toMatchObject({
    name: 'AccessDeniedException',
  })
  const { SchemaVersionId } = await glue.send(
    new GetSchemaByDefinitionCommand({ SchemaId, SchemaDefinition: CONTRACT }),
  )
  await expect(owner.send(new GetSchemaVersionCommand({ SchemaVersionId }))).rejects.toMatchObject({
    name: 'AccessDeniedException',
  })
})
