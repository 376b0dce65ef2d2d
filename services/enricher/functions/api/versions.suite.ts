import { randomUUID } from 'node:crypto'
import {
  CreateAliasCommand,
  DeleteAliasCommand,
  DeleteFunctionCommand,
  GetAliasCommand,
  GetFunctionCommand,
  GetFunctionConfigurationCommand,
  ListAliasesCommand,
  ListFunctionsCommand,
  ListVersionsByFunctionCommand,
  PublishVersionCommand,
  UpdateAliasCommand,
  UpdateFunctionCodeCommand,
  UpdateFunctionConfigurationCommand,
} from '@aws-sdk/client-lambda'
import { describe, expect, test } from 'vitest'
import { moduleZip, openApi, SPEAKER } from '../testing/api.ts'

const { run, client, said, deploy } = await openApi()

const ARN = 'arn:aws:lambda:us-east-1:000000000000:function'

describe('versions and aliases', () => {
  const FunctionName = `spoken-${run}`
  const say = (SAYS: string) =>
    client.send(
      new UpdateFunctionConfigurationCommand({ FunctionName, Environment: { Variables: { SAYS } } }),
    )

  test('a version does not change, and a qualifier selects it', async () => {
    await deploy(FunctionName, SPEAKER, {
      Environment: { Variables: { SAYS: 'one' } },
      Publish: true,
      Description: 'first',
    })
    const again = await client.send(new PublishVersionCommand({ FunctionName }))
    expect(again).toMatchObject({
      Version: '1',
      FunctionArn: `${ARN}:${FunctionName}:1`,
      Description: 'first',
      State: 'Active',
    })
    await say('two')
    expect(
      await client.send(new PublishVersionCommand({ FunctionName, Description: 'second' })),
    ).toMatchObject({
      Version: '2',
      Description: 'second',
    })
    await say('three')
    expect(await said(FunctionName)).toMatchObject({
      says: 'three',
      version: '$LATEST',
      arn: `${ARN}:${FunctionName}`,
      executed: '$LATEST',
    })
    expect(await said(FunctionName, '$LATEST')).toMatchObject({
      says: 'three',
      arn: `${ARN}:${FunctionName}:$LATEST`,
    })
    expect(await said(FunctionName, '1')).toMatchObject({
      says: 'one',
      version: '1',
      arn: `${ARN}:${FunctionName}:1`,
      executed: '1',
    })
    expect(await said(`${ARN}:${FunctionName}:2`)).toMatchObject({ says: 'two', version: '2', executed: '2' })
    await expect(said(FunctionName, '9')).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      message: `Function not found: ${ARN}:${FunctionName}:9`,
    })
    const { Versions } = await client.send(new ListVersionsByFunctionCommand({ FunctionName }))
    expect(Versions!.map(({ Version }) => Version)).toEqual(['$LATEST', '1', '2'])
    const all = await client.send(new ListFunctionsCommand({ FunctionVersion: 'ALL' }))
    expect(
      all.Functions!.filter((one) => one.FunctionName === FunctionName).map(({ FunctionArn }) => FunctionArn),
    ).toEqual(['$LATEST', '1', '2'].map((v) => `${ARN}:${FunctionName}:${v}`))
    const updated = await client.send(
      new UpdateFunctionCodeCommand({
        FunctionName,
        ZipFile: await moduleZip(`${SPEAKER} // new`),
        Publish: true,
      }),
    )
    expect(updated).toMatchObject({
      Version: '3',
      FunctionArn: `${ARN}:${FunctionName}:3`,
      State: 'Pending',
    })
    expect(updated.LastUpdateStatus).toBeUndefined()
  })

  test('a changed description alone makes a new version', async () => {
    const described = `described-${randomUUID()}`
    await deploy(described, SPEAKER, { Publish: true, Description: 'first' })
    const publish = async (Description?: string) => {
      const made = await client.send(new PublishVersionCommand({ FunctionName: described, Description }))
      return [made.Version, made.Description]
    }
    expect(await publish()).toEqual(['1', 'first'])
    await client.send(
      new UpdateFunctionConfigurationCommand({ FunctionName: described, Description: 'second' }),
    )
    expect(await publish('of the version')).toEqual(['2', 'of the version'])
    expect(await publish()).toEqual(['2', 'of the version'])
  })

  test('an alias selects a version, or two by weight', async () => {
    expect(
      await client.send(
        new CreateAliasCommand({ FunctionName, Name: 'live', FunctionVersion: '1', Description: 'now' }),
      ),
    ).toMatchObject({
      AliasArn: `${ARN}:${FunctionName}:live`,
      Name: 'live',
      FunctionVersion: '1',
      Description: 'now',
      RevisionId: expect.any(String),
      $metadata: { httpStatusCode: 201 },
    })
    expect(await said(FunctionName, 'live')).toMatchObject({
      says: 'one',
      version: '1',
      arn: `${ARN}:${FunctionName}:live`,
      executed: '1',
    })
    await expect(
      client.send(new CreateAliasCommand({ FunctionName, Name: 'live', FunctionVersion: '2' })),
    ).rejects.toMatchObject({
      name: 'ResourceConflictException',
      message: `Alias already exists: ${ARN}:${FunctionName}:live`,
    })
    await client.send(
      new UpdateAliasCommand({
        FunctionName,
        Name: 'live',
        RoutingConfig: { AdditionalVersionWeights: { 2: 0.5 } },
      }),
    )
    expect(await client.send(new GetAliasCommand({ FunctionName, Name: 'live' }))).toMatchObject({
      FunctionVersion: '1',
      RoutingConfig: { AdditionalVersionWeights: { 2: 0.5 } },
    })
    for (let i = 0; i < 20; i++) {
      const { Version } = await client.send(
        new GetFunctionConfigurationCommand({ FunctionName, Qualifier: 'live' }),
      )
      expect(Version).toBe('1')
    }
    const executed = new Set<string | undefined>()
    for (let i = 0; i < 100 && executed.size < 2; i++)
      executed.add((await said(FunctionName, 'live')).executed)
    expect([...executed].sort()).toEqual(['1', '2'])
    await expect(
      client.send(new DeleteFunctionCommand({ FunctionName, Qualifier: '2' })),
    ).rejects.toMatchObject({
      name: 'ResourceConflictException',
    })
    await client.send(
      new UpdateAliasCommand({
        FunctionName,
        Name: 'live',
        FunctionVersion: '3',
        RoutingConfig: { AdditionalVersionWeights: {} },
      }),
    )
    expect((await said(FunctionName, 'live')).executed).toBe('3')
    expect(
      (await client.send(new GetFunctionCommand({ FunctionName, Qualifier: 'live' }))).Configuration,
    ).toMatchObject({ Version: '3', FunctionArn: `${ARN}:${FunctionName}:live` })
    expect(
      (await client.send(new ListAliasesCommand({ FunctionName, FunctionVersion: '3' }))).Aliases,
    ).toMatchObject([{ Name: 'live' }])
    await client.send(new DeleteFunctionCommand({ FunctionName, Qualifier: '2' }))
    await expect(said(FunctionName, '2')).rejects.toMatchObject({ name: 'ResourceNotFoundException' })
    await client.send(new DeleteAliasCommand({ FunctionName, Name: 'live' }))
    await client.send(new DeleteAliasCommand({ FunctionName, Name: 'live' }))
    await expect(client.send(new GetAliasCommand({ FunctionName, Name: 'live' }))).rejects.toMatchObject({
      message: `Cannot find alias arn: ${ARN}:${FunctionName}:live`,
    })
  })

  const weights = (FunctionVersion: string, AdditionalVersionWeights: Record<string, number>) =>
    new CreateAliasCommand({
      FunctionName,
      Name: `bad`,
      FunctionVersion,
      RoutingConfig: { AdditionalVersionWeights },
    })
  test.each<[string, () => object, string, string]>([
    [
      'two other versions',
      () => weights('1', { 2: 0.1, 3: 0.1 }),
      'InvalidParameterValueException',
      'Number of items in AdditionalVersionWeights cannot be greater than 1',
    ],
    [
      'a weight above one',
      () => weights('1', { 3: 2 }),
      'ValidationException',
      "Value '{3=2.0}' at 'routingConfig.additionalVersionWeights' failed to satisfy constraint",
    ],
    [
      'the same version twice',
      () => weights('1', { 1: 0.5 }),
      'InvalidParameterValueException',
      'Invalid function version 1. Function version 1 is already included in routing configuration.',
    ],
    [
      'weights beside $LATEST',
      () => weights('$LATEST', { 1: 0.5 }),
      'InvalidParameterValueException',
      '$LATEST is not supported for an alias pointing to more than 1 version',
    ],
    [
      'a version that is not there',
      () => weights('17', {}),
      'ResourceNotFoundException',
      `Function not found: ${ARN}:${FunctionName}:17`,
    ],
    [
      'a number for a name',
      () => new CreateAliasCommand({ FunctionName, Name: '7', FunctionVersion: '1' }),
      'ValidationException',
      "Value '7' at 'name' failed to satisfy constraint",
    ],
    [
      'an alias that is not there',
      () => new UpdateAliasCommand({ FunctionName, Name: 'none' }),
      'ResourceNotFoundException',
      `Alias not found: ${ARN}:${FunctionName}:none`,
    ],
    [
      'a deletion of $LATEST',
      () => new DeleteFunctionCommand({ FunctionName, Qualifier: '$LATEST' }),
      'InvalidParameterValueException',
      '$LATEST version cannot be deleted without deleting the function.',
    ],
    [
      'another hash',
      () => new PublishVersionCommand({ FunctionName, CodeSha256: 'other' }),
      'InvalidParameterValueException',
      'CodeSHA256 (other) is different from current CodeSHA256 in $LATEST (',
    ],
  ])('a request is refused: %s', async (_what, command, name, message) => {
    await expect(client.send(command() as never)).rejects.toMatchObject({
      name,
      message: expect.stringContaining(message),
    })
  })

  test('a change of an outdated revision is refused and changes nothing', async () => {
    const { RevisionId } = await client.send(new GetFunctionConfigurationCommand({ FunctionName }))
    const stale = { FunctionName, RevisionId: 'stale' }
    for (const command of [
      new UpdateFunctionCodeCommand({ ...stale, ZipFile: await moduleZip(SPEAKER) }),
      new UpdateFunctionConfigurationCommand({ ...stale, Timeout: 9 }),
      new PublishVersionCommand(stale),
    ]) {
      await expect(client.send(command as never)).rejects.toMatchObject({
        name: 'PreconditionFailedException',
        $metadata: { httpStatusCode: 412 },
      })
    }
    expect(
      (await client.send(new UpdateFunctionConfigurationCommand({ FunctionName, RevisionId, Timeout: 9 })))
        .Timeout,
    ).toBe(9)
  })

  test('a dry run checks the archive and changes nothing', async () => {
    const before = await client.send(new GetFunctionConfigurationCommand({ FunctionName }))
    const dry = await client.send(
      new UpdateFunctionCodeCommand({ FunctionName, DryRun: true, ZipFile: await moduleZip('// dry') }),
    )
    expect(dry.CodeSha256).not.toBe(before.CodeSha256)
    await expect(
      client.send(
        new UpdateFunctionCodeCommand({ FunctionName, DryRun: true, ZipFile: Buffer.from('no zip') }),
      ),
    ).rejects.toMatchObject({ name: 'InvalidParameterValueException' })
    expect(await client.send(new GetFunctionConfigurationCommand({ FunctionName }))).toMatchObject({
      CodeSha256: before.CodeSha256,
      RevisionId: before.RevisionId,
    })
  })
})
