/** Settings of functions and of their events by Lambda's own operations. */
import {
  DeleteFunctionConcurrencyCommand,
  DeleteFunctionEventInvokeConfigCommand,
  GetAccountSettingsCommand,
  GetFunctionCommand,
  GetFunctionConcurrencyCommand,
  GetFunctionEventInvokeConfigCommand,
  ListFunctionEventInvokeConfigsCommand,
  ListTagsCommand,
  PutFunctionConcurrencyCommand,
  PutFunctionEventInvokeConfigCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateFunctionCodeCommand,
  UpdateFunctionEventInvokeConfigCommand,
} from '@aws-sdk/client-lambda'
import {
  CreateBucketCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import { CreateQueueCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs'
import { uniqueName } from '@weir/testkit'
import { startAws } from '@weir/testkit/aws.ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { moduleZip, openApi, SPEAKER, textOf } from '../testing/api.ts'

const { kafka, run, client, invoke, said, deploy, records } = await openApi()

const ARN = 'arn:aws:lambda:us-east-1:000000000000:function'

describe('with other services of AWS', () => {
  let aws: Awaited<ReturnType<typeof startAws>>
  const before = { ...process.env }
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' }
  beforeAll(async () => {
    aws = await startAws()
    Object.assign(process.env, {
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
      AWS_REGION: 'us-east-1',
      AWS_ENDPOINT_URL_SQS: aws.url,
      AWS_ENDPOINT_URL_S3: aws.url,
    })
  }, 120_000)
  afterAll(async () => {
    process.env = before
    await aws.stop()
  })

  test('code comes from a bucket, and results of events go to a queue and a bucket', async () => {
    const s3 = new S3Client({ endpoint: aws.url, region: 'us-east-1', credentials, forcePathStyle: true })
    const sqs = new SQSClient({ endpoint: aws.url, region: 'us-east-1', credentials })
    const Bucket = `code-${run}`
    await s3.send(new CreateBucketCommand({ Bucket }))
    await s3.send(new PutObjectCommand({ Bucket, Key: 'a/f.zip', Body: await moduleZip(SPEAKER) }))
    const FunctionName = `from-s3-${run}`
    await deploy(FunctionName, '', { Code: { S3Bucket: Bucket, S3Key: 'a/f.zip' } })
    expect((await said(FunctionName)).version).toBe('$LATEST')
    const from = (S3Bucket: string, S3Key: string) =>
      client.send(new UpdateFunctionCodeCommand({ FunctionName, S3Bucket, S3Key }))
    await expect(from(Bucket, 'none')).rejects.toMatchObject({
      name: 'InvalidParameterValueException',
      message:
        'Error occurred while GetObject. S3 Error Code: NoSuchKey. S3 Error Message: The specified key does not exist.',
    })
    await expect(from(`none-${run}`, 'a')).rejects.toMatchObject({
      message:
        'Error occurred while GetObject. S3 Error Code: NoSuchBucket. S3 Error Message: The specified bucket does not exist',
    })

    const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: 'done' }))
    await client.send(
      new PutFunctionEventInvokeConfigCommand({
        FunctionName,
        MaximumRetryAttempts: 0,
        DestinationConfig: {
          OnSuccess: { Destination: 'arn:aws:sqs:us-east-1:123456789012:done' },
          OnFailure: { Destination: `arn:aws:s3:::${Bucket}` },
        },
      }),
    )
    await invoke({ FunctionName, InvocationType: 'Event', Payload: { n: 1 } })
    await invoke({ FunctionName, InvocationType: 'Event', Payload: { fail: 'boom' } })
    const received = async () =>
      (await sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 2 }))).Messages?.[0].Body
    let message: string | undefined
    await expect.poll(async () => (message ??= await received()), { timeout: 20_000 }).toBeDefined()
    expect(JSON.parse(message!)).toMatchObject({
      version: '1.0',
      requestContext: { condition: 'Success' },
      requestPayload: { n: 1 },
    })
    const objects = async () =>
      ((await s3.send(new ListObjectsV2Command({ Bucket, Prefix: 'aws/lambda/async/' }))).Contents ?? []).map(
        ({ Key }) => Key!,
      )
    await expect
      .poll(objects, { timeout: 20_000 })
      .toEqual([expect.stringContaining(`aws/lambda/async/${FunctionName}/`)])
    const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key: (await objects())[0] }))
    expect(JSON.parse(await Body!.transformToString())).toMatchObject({
      requestContext: { condition: 'RetriesExhausted' },
      responsePayload: { errorMessage: 'boom' },
    })
    s3.destroy()
    sqs.destroy()
  })
})

describe('settings', () => {
  const FunctionName = `set-${run}`

  test('reserved concurrency applies to all versions together, and can be zero', async () => {
    await deploy(
      FunctionName,
      'export const handler = async ({ ms = 0 }) => { await new Promise((resolve) => setTimeout(resolve, ms)); return 1 }',
      { Publish: true },
    )
    expect(
      await client.send(new PutFunctionConcurrencyCommand({ FunctionName, ReservedConcurrentExecutions: 1 })),
    ).toMatchObject({ ReservedConcurrentExecutions: 1 })
    const slow = invoke({ FunctionName, Payload: { ms: 3000 } })
    await expect
      .poll(() => invoke({ FunctionName, Qualifier: '1', Payload: {} }).catch(({ name }: Error) => name), {
        timeout: 3000,
        interval: 100,
      })
      .toBe('TooManyRequestsException')
    await slow
    await client.send(new PutFunctionConcurrencyCommand({ FunctionName, ReservedConcurrentExecutions: 0 }))
    await expect(invoke({ FunctionName })).rejects.toMatchObject({
      name: 'TooManyRequestsException',
      Reason: 'ReservedFunctionConcurrentInvocationLimitExceeded',
    })
    expect(await client.send(new GetFunctionConcurrencyCommand({ FunctionName }))).toMatchObject({
      ReservedConcurrentExecutions: 0,
    })
    await expect(
      client.send(new PutFunctionConcurrencyCommand({ FunctionName, ReservedConcurrentExecutions: 950 })),
    ).rejects.toMatchObject({
      message:
        "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [100].",
    })
    for (const qualifier of ['1', '$LATEST']) {
      await expect(
        client.send(
          new PutFunctionConcurrencyCommand({
            FunctionName: `${FunctionName}:${qualifier}`,
            ReservedConcurrentExecutions: 1,
          }),
        ),
      ).rejects.toMatchObject({
        message: expect.stringContaining('This operation is permitted on Lambda functions only.'),
      })
    }
    await client.send(new DeleteFunctionConcurrencyCommand({ FunctionName }))
    expect(
      (await client.send(new GetFunctionConcurrencyCommand({ FunctionName }))).ReservedConcurrentExecutions,
    ).toBeUndefined()
    expect(textOf(await invoke({ FunctionName }))).toBe('1')
    const { AccountLimit, AccountUsage } = await client.send(new GetAccountSettingsCommand({}))
    expect(AccountLimit).toMatchObject({
      CodeSizeUnzipped: 262_144_000,
      CodeSizeZipped: 52_428_800,
      ConcurrentExecutions: 1000,
    })
    expect(AccountUsage!.FunctionCount).toBeGreaterThan(0)
  })

  test('tags are set, listed and removed', async () => {
    const Resource = `${ARN}:${FunctionName}`
    await client.send(new TagResourceCommand({ Resource, Tags: { A: '1', B: '2' } }))
    await client.send(new TagResourceCommand({ Resource, Tags: { B: '3', C: '4' } }))
    await client.send(new UntagResourceCommand({ Resource, TagKeys: ['A', 'none'] }))
    expect((await client.send(new ListTagsCommand({ Resource }))).Tags).toEqual({ B: '3', C: '4' })
    expect((await client.send(new GetFunctionCommand({ FunctionName }))).Tags).toEqual({ B: '3', C: '4' })
    await expect(
      client.send(
        new TagResourceCommand({
          Resource,
          Tags: Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`t${i}`, ''])),
        }),
      ),
    ).rejects.toMatchObject({ message: 'Number of tags exceeds resource tag limit.' })
    await expect(client.send(new ListTagsCommand({ Resource: `${Resource}:1` }))).rejects.toMatchObject({
      message: expect.stringContaining('Tags on function aliases and versions are not supported.'),
    })
    await expect(client.send(new ListTagsCommand({ Resource: `${ARN}:nobody` }))).rejects.toMatchObject({
      message: `Function not found: ${ARN}:nobody`,
    })
  })

  test('results of events go to topics and to functions', async () => {
    const [topic, target] = [uniqueName('results'), `target-${run}`]
    await kafka.admin.createTopics([{ name: topic, partitions: 1, replicas: 1, configs: {} }])
    await deploy(target, SPEAKER)
    const source = `source-${run}`
    await deploy(source, SPEAKER)
    const put = await client.send(
      new PutFunctionEventInvokeConfigCommand({
        FunctionName: source,
        MaximumRetryAttempts: 0,
        MaximumEventAgeInSeconds: 3600,
        DestinationConfig: {
          OnSuccess: { Destination: `${ARN}:${target}` },
          OnFailure: { Destination: `kafka://${topic}` },
        },
      }),
    )
    expect(put).toMatchObject({
      FunctionArn: `${ARN}:${source}:$LATEST`,
      MaximumRetryAttempts: 0,
      MaximumEventAgeInSeconds: 3600,
      LastModified: expect.any(Date),
    })
    await client.send(
      new PutFunctionEventInvokeConfigCommand({
        FunctionName: target,
        DestinationConfig: { OnSuccess: { Destination: `kafka://${topic}` } },
      }),
    )
    const failed = await invoke({ FunctionName: source, InvocationType: 'Event', Payload: { fail: 'boom' } })
    const told = async (of: string) => {
      const all = (await records(topic)).map(
        ({ value }) => JSON.parse(value!) as { requestContext: { condition: string } },
      )
      return all.find(({ requestContext }) => requestContext.condition === of)
    }
    const known = { timeout: 20_000 }
    await expect
      .poll(() => told('RetriesExhausted'), known)
      .toMatchObject({
        version: '1.0',
        requestContext: {
          requestId: failed.$metadata.requestId,
          functionArn: `${ARN}:${source}:$LATEST`,
          condition: 'RetriesExhausted',
          approximateInvokeCount: 1,
        },
        requestPayload: { fail: 'boom' },
        responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
        responsePayload: { errorMessage: 'boom' },
      })
    await invoke({ FunctionName: source, InvocationType: 'Event', Payload: { n: 1 } })
    await expect
      .poll(() => told('Success'), known)
      .toMatchObject({
        requestContext: { functionArn: `${ARN}:${target}:$LATEST`, condition: 'Success' },
        requestPayload: {
          requestContext: { functionArn: `${ARN}:${source}:$LATEST`, condition: 'Success' },
          requestPayload: { n: 1 },
        },
        responsePayload: { event: { responsePayload: { event: { n: 1 } } } },
      })

    const config = { FunctionName: source }
    expect(
      await client.send(new UpdateFunctionEventInvokeConfigCommand({ ...config, MaximumRetryAttempts: 1 })),
    ).toMatchObject({ MaximumRetryAttempts: 1, MaximumEventAgeInSeconds: 3600 })
    expect(await client.send(new GetFunctionEventInvokeConfigCommand(config))).toMatchObject({
      MaximumRetryAttempts: 1,
      DestinationConfig: { OnFailure: { Destination: `kafka://${topic}` } },
    })
    expect(
      (await client.send(new ListFunctionEventInvokeConfigsCommand(config))).FunctionEventInvokeConfigs,
    ).toHaveLength(1)
    const none = {
      name: 'ResourceNotFoundException',
      message: `The function ${ARN}:${source}:$LATEST doesn't have an EventInvokeConfig`,
    }
    await client.send(new DeleteFunctionEventInvokeConfigCommand(config))
    await expect(client.send(new GetFunctionEventInvokeConfigCommand(config))).rejects.toMatchObject(none)
    await expect(client.send(new DeleteFunctionEventInvokeConfigCommand(config))).rejects.toMatchObject(none)
    const refused = (Destination: string) =>
      client.send(
        new PutFunctionEventInvokeConfigCommand({
          ...config,
          DestinationConfig: { OnSuccess: { Destination } },
        }),
      )
    await expect(refused(`${ARN}:nobody`)).rejects.toMatchObject({
      message: `The destination ARN ${ARN}:nobody is invalid.`,
    })
    await expect(refused(`${ARN}:${source}`)).rejects.toMatchObject({
      message: "You can't specify the function as a destination for itself.",
    })
    await expect(refused('arn:aws:iam:us-east-1:000000000000:role/x')).rejects.toMatchObject({
      message: expect.stringContaining(
        'OnSuccess(destination=arn:aws:iam:us-east-1:000000000000:role/x), onFailure=null) is invalid.',
      ),
    })
    await expect(refused('kafka://weir.control.functions')).rejects.toMatchObject({
      message: expect.stringContaining('internal topic'),
    })
    await expect(refused('arn:aws:s3:::some-bucket')).rejects.toMatchObject({
      message: expect.stringContaining('OnFailure only'),
    })
    await expect(client.send(new PutFunctionEventInvokeConfigCommand(config))).rejects.toMatchObject({
      message: 'You must specify at least one of error handling or destination setting.',
    })
    await expect(
      client.send(
        new PutFunctionEventInvokeConfigCommand({ FunctionName: 'nobody', MaximumRetryAttempts: 1 }),
      ),
    ).rejects.toMatchObject({ message: "The function doesn't exist." })
  })
})
