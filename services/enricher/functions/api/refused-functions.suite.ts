/** Requests about functions that the API refuses. */
import {
  CreateFunctionCommand,
  type CreateFunctionCommandInput,
  DeleteFunctionCommand,
  GetFunctionCommand,
  InvokeCommand,
  LambdaClient,
} from '@aws-sdk/client-lambda'
import { beforeAll, describe, expect, test } from 'vitest'
import { LIMITED, moduleZip, openApi, ROLE, SPEAKER } from '../testing/api.ts'

const { run, fixed, client, clientFor, closedUrl, deploy } = await openApi()

const target = `invited-${run}`

describe('refused requests', () => {
  beforeAll(async () => void (await deploy(target, SPEAKER)))

  const ENVIRONMENT =
    'Lambda was unable to configure your environment variables because the environment variables you have provided'
  test.each<[string, Partial<CreateFunctionCommandInput>, string, string]>([
    [
      'a file that is not a zip',
      { Code: { ZipFile: Buffer.from('no zip') } },
      'InvalidParameterValueException',
      'Could not unzip uploaded file. Please check your file, then try to upload again.',
    ],
    [
      'an empty zip',
      { Code: { ZipFile: Buffer.alloc(0) } },
      'InvalidParameterValueException',
      'Uploaded file must be a non-empty zip',
    ],
    ['no code', { Code: {} }, 'InvalidParameterValueException', 'Please provide a source for function code.'],
    [
      'an image',
      { Code: { ImageUri: 'i' }, PackageType: 'Image' },
      'InvalidParameterValueException',
      'Container images are not run here',
    ],
    [
      'a role that is not an ARN',
      { Role: 'r1' },
      'ValidationException',
      "Value 'r1' at 'role' failed to satisfy constraint: Member must satisfy regular expression pattern: arn:(aws[a-zA-Z-]*)?:iam::\\d{12}:role/?[a-zA-Z_0-9+=,.@\\-_/]+",
    ],
    [
      'an unknown runtime',
      { Runtime: 'cobol' as 'nodejs24.x' },
      'InvalidParameterValueException',
      "Value cobol at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: [",
    ],
    [
      'Java',
      { Runtime: 'java21' },
      'InvalidParameterValueException',
      'Node.js is supported here; Python and custom runtimes',
    ],
    [
      'Python where it is not allowed',
      { Runtime: 'python3.13' },
      'InvalidParameterValueException',
      'does not allow Python',
    ],
    [
      'a deprecated runtime',
      { Runtime: 'nodejs12.x' },
      'InvalidParameterValueException',
      'The runtime parameter of nodejs12.x is no longer supported for creating or updating AWS Lambda functions.',
    ],
    [
      'no handler',
      { Handler: undefined },
      'InvalidParameterValueException',
      'Runtime and Handler are mandatory parameters',
    ],
    [
      'too little memory',
      { MemorySize: 64 },
      'ValidationException',
      "at 'memorySize' failed to satisfy constraint: Member must have value greater than or equal to 128",
    ],
    [
      'too long a time-out',
      { Timeout: 901 },
      'ValidationException',
      "at 'timeout' failed to satisfy constraint: Member must have value less than or equal to 900",
    ],
    [
      'too long a name',
      { FunctionName: 'x'.repeat(65) },
      'ValidationException',
      "at 'functionName' failed to satisfy constraint: Member must have length less than or equal to 64",
    ],
    [
      'too many variables',
      { Environment: { Variables: { A1: 'x'.repeat(4090) } } },
      'InvalidParameterValueException',
      `${ENVIRONMENT} exceeded the 4KB limit.`,
    ],
    [
      'variables that Lambda reserves',
      { Environment: { Variables: { AWS_REGION: 'r' } } },
      'InvalidParameterValueException',
      `${ENVIRONMENT} contains reserved keys that are currently not supported for modification. Reserved keys used in this request: AWS_REGION`,
    ],
    [
      'an invalid name of a variable',
      { Environment: { Variables: { '1A': 'secret' } } },
      'ValidationException',
      "Value at 'environment.variables' failed to satisfy constraint: Map keys must satisfy constraint",
    ],
    [
      'layers',
      { Layers: ['arn:aws:lambda:us-east-1:000000000000:layer:l:1'] },
      'InvalidParameterValueException',
      'Layers are not served here',
    ],
    [
      'a network',
      { VpcConfig: { SubnetIds: ['subnet-1'], SecurityGroupIds: ['sg-1'] } },
      'InvalidParameterValueException',
      'leave VpcConfig out',
    ],
    [
      'a file system',
      {
        FileSystemConfigs: [
          {
            Arn: 'arn:aws:elasticfilesystem:us-east-1:000000000000:access-point/fsap-00000000000000000',
            LocalMountPath: '/mnt/a',
          },
        ],
      },
      'InvalidParameterValueException',
      'leave FileSystemConfigs out',
    ],
    [
      'a KMS key',
      { KMSKeyArn: 'arn:aws:kms:us-east-1:000000000000:key/k' },
      'InvalidParameterValueException',
      'leave KMSKeyArn out',
    ],
    [
      'a dead-letter queue',
      { DeadLetterConfig: { TargetArn: 'arn:aws:sqs:us-east-1:000000000000:q' } },
      'InvalidParameterValueException',
      'PutFunctionEventInvokeConfig',
    ],
    [
      'snapshots',
      { SnapStart: { ApplyOn: 'PublishedVersions' } },
      'InvalidParameterValueException',
      'SnapStart is not served here',
    ],
  ])('a function is not created with %s', async (_what, input, name, message) => {
    const asked = new CreateFunctionCommand({
      FunctionName: `bad-${run}`,
      Runtime: 'nodejs24.x',
      Role: ROLE,
      Handler: 'index.handler',
      Code: { ZipFile: await moduleZip('1') },
      ...input,
    })
    await expect(client.send(asked)).rejects.toMatchObject({
      name,
      message: expect.stringContaining(message),
    })
    if (message.includes('secret')) throw new Error('The value must not be repeated.')
  })

  test('a change is refused if deployment is off, for functions of solutions, and without the right', async () => {
    const closed = new LambdaClient({
      endpoint: closedUrl,
      region: 'us-east-1',
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
      maxAttempts: 1,
    })
    const FunctionName = `off-${run}`
    const code = {
      Runtime: 'nodejs24.x' as const,
      Role: ROLE,
      Handler: 'index.handler',
      Code: { ZipFile: await moduleZip('1') },
    }
    await expect(closed.send(new CreateFunctionCommand({ FunctionName, ...code }))).rejects.toMatchObject({
      name: 'AccessDeniedException',
      message: expect.stringContaining('FUNCTIONS_DEPLOY=true'),
    })
    await expect(closed.send(new DeleteFunctionCommand({ FunctionName: target }))).rejects.toMatchObject({
      name: 'AccessDeniedException',
    })
    expect((await closed.send(new GetFunctionCommand({ FunctionName: target }))).Configuration).toMatchObject(
      {
        State: 'Active',
      },
    )
    closed.destroy()
    await expect(client.send(new DeleteFunctionCommand({ FunctionName: fixed.name }))).rejects.toMatchObject({
      name: 'ResourceConflictException',
      message: expect.stringContaining('belongs to a solution'),
    })
    await expect(
      client.send(new CreateFunctionCommand({ FunctionName: fixed.name, ...code })),
    ).rejects.toMatchObject({ message: `Function already exist: ${fixed.name}` })
    const limited = clientFor(LIMITED)
    await expect(limited.send(new CreateFunctionCommand({ FunctionName, ...code }))).rejects.toMatchObject({
      name: 'AccessDeniedException',
    })
    await expect(limited.send(new GetFunctionCommand({ FunctionName: target }))).rejects.toMatchObject({
      name: 'AccessDeniedException',
    })
    await expect(
      limited.send(new InvokeCommand({ FunctionName: target, InvocationType: 'DryRun' })),
    ).resolves.toMatchObject({ StatusCode: 204 })
    limited.destroy()
  })
})
