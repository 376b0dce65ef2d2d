/** Small APIs of every protocol. */
import { type Api, api } from '../api.ts'
import type { AwsContext } from '../context.ts'
import { AwsError } from '../errors.ts'
import type { Model } from '../model.ts'
import { kinesisModel } from '../models/kinesis.ts'
import { lambdaModel } from '../models/lambda.ts'
import { stsModel } from '../models/sts.ts'

/** A second API of JSON, of its version 1.0. */
const tableModel: Model = {
  service: 'dynamodb',
  apiVersion: '2012-08-10',
  protocol: 'json',
  targetPrefix: 'DynamoDB_20120810',
  jsonVersion: '1.0',
  operations: { ListTables: { input: 'In', output: 'Out' } },
  errors: {},
  shapes: {
    In: { type: 'structure', members: {} },
    Out: { type: 'structure', members: { TableNames: 'Names' } },
    Names: { type: 'list', member: 'Name' },
    Name: { type: 'string' },
  },
}
/** A part of the published model of SNS. */
const snsModel: Model = {
  service: 'sns',
  apiVersion: '2010-03-31',
  protocol: 'query',
  xmlNamespace: 'http://sns.amazonaws.com/doc/2010-03-31/',
  operations: {
    ListTopics: { input: 'ListTopicsInput', output: 'ListTopicsResponse', resultWrapper: 'ListTopicsResult' },
    Unsubscribe: { input: 'UnsubscribeInput' },
    PublishBatch: {
      input: 'PublishBatchInput',
      output: 'PublishBatchResponse',
      resultWrapper: 'PublishBatchResult',
    },
  },
  errors: { NotFoundException: { status: 404, code: 'NotFound' } },
  shapes: {
    ListTopicsInput: { type: 'structure', members: { NextToken: 'String' } },
    ListTopicsResponse: { type: 'structure', members: { Topics: 'TopicsList', NextToken: 'String' } },
    UnsubscribeInput: { type: 'structure', members: { SubscriptionArn: 'String' } },
    TopicsList: { type: 'list', member: 'Topic' },
    Topic: { type: 'structure', members: { TopicArn: 'String' } },
    PublishBatchInput: {
      type: 'structure',
      members: { TopicArn: 'String', PublishBatchRequestEntries: 'Entries' },
      required: ['TopicArn', 'PublishBatchRequestEntries'],
    },
    Entries: { type: 'list', member: 'Entry' },
    Entry: {
      type: 'structure',
      members: { Id: 'String', Message: 'String', MessageAttributes: 'MessageAttributeMap' },
      required: ['Id', 'Message'],
    },
    MessageAttributeMap: {
      type: 'map',
      key: 'String',
      value: 'MessageAttributeValue',
      keyName: 'Name',
      valueName: 'Value',
    },
    MessageAttributeValue: {
      type: 'structure',
      members: { DataType: 'String', StringValue: 'String', BinaryValue: 'Binary' },
      required: ['DataType'],
    },
    PublishBatchResponse: { type: 'structure', members: { Successful: 'Results' } },
    Results: { type: 'list', member: 'Result' },
    Result: { type: 'structure', members: { Id: 'String', MessageId: 'String' } },
    NotFoundException: { type: 'structure', members: { message: 'String' } },
    String: { type: 'string' },
    Binary: { type: 'blob' },
  },
}
/** A second API with paths. */
const logsModel: Model = {
  service: 'lambda',
  apiVersion: '1',
  protocol: 'rest-json',
  operations: { GetLogs: { output: 'Out', http: { method: 'GET', uri: '/v1/functions/logs' } } },
  errors: {},
  shapes: {
    Out: { type: 'structure', members: { lines: 'Lines' } },
    Lines: { type: 'list', member: 'Line' },
    Line: { type: 'string' },
  },
}

export let heard: unknown
export const maxBodyBytes = 100_000
export const kinesis = (): Api =>
  api(kinesisModel, { ListStreams: () => ({ HasMoreStreams: false, StreamNames: ['s'] }) }, { maxBodyBytes })
export const tables = (): Api =>
  api(tableModel, { ListTables: () => ({ TableNames: ['t'] }) }, { maxBodyBytes })
export const sts = (): Api =>
  api(
    stsModel,
    { GetCallerIdentity: (_input: object, { client }: AwsContext) => ({ UserId: client.name }) },
    { maxBodyBytes: 20_000 },
  )
export const sns = (): Api =>
  api(
    snsModel,
    {
      ListTopics(_input: object, context: AwsContext) {
        context.authorize('arn:aws:sns:eu-central-1:123456789012:denied')
      },
      Unsubscribe(input: object, { client, isSigned, may }: AwsContext) {
        heard = { ...input, client: client.name, isSigned, may: may('*') }
      },
      PublishBatch(
        input: { readonly TopicArn: string; readonly PublishBatchRequestEntries: readonly { Id: string }[] },
        context: AwsContext,
      ) {
        heard = input
        if (input.TopicArn === 'boom') throw new Error('boom')
        context.authorize(input.TopicArn)
        if (input.TopicArn.endsWith(':gone')) throw new AwsError('NotFoundException', 'Topic <gone>')
        return { Successful: input.PublishBatchRequestEntries.map(({ Id }) => ({ Id, MessageId: '<&>' })) }
      },
    },
    { maxBodyBytes, unsigned: ['Unsubscribe'] },
  )
export const lambda = (): Api =>
  api(
    lambdaModel,
    { Invoke: ({ Payload }: { Payload: Buffer }) => ({ StatusCode: 200, Payload }) },
    { maxBodyBytes, payloadTypes: { Invoke: 'application/json' } },
  )
export const logs = (): Api =>
  api(logsModel, { GetLogs: () => ({ lines: ['one'] }) }, { maxBodyBytes, folder: '/v1/functions/' })
