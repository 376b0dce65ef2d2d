export type { AwsClient } from './access-key-file.ts'
export type { AwsAccess, AwsAccessConfig } from './access-keys.ts'
export { awsAccessConfig, lastingRight, openAwsAccess } from './access-keys.ts'
export { answerAll, answerPreflight, headersOf, send } from './answer.ts'
export type { Api } from './api.ts'
export { api } from './api.ts'
export type { Account, Arn } from './arn.ts'
export {
  awsAccountConfig,
  deliveryStreamArn,
  endpointArn,
  formatArn,
  functionArn,
  functionIn,
  glueArn,
  iotArn,
  parseArn,
  snsTopicArn,
  streamArn,
  tableArn,
  userArn,
} from './arn.ts'
export { decodeBase64 } from './base64.ts'
export type { AwsContext, AwsOperations } from './context.ts'
export { HIJACKED } from './context.ts'
export { awsDoor, PROTOCOLS } from './door.ts'
export { AwsError, accessDenied, internalFailure, overloaded, tooLarge, validationError } from './errors.ts'
export type { EventStream } from './event-stream.ts'
export { openEventStream } from './event-stream.ts'
export type { UserRecord } from './kpl.ts'
export { deaggregate } from './kpl.ts'
export type { Model } from './model.ts'
export { dynamodbModel, dynamodbStreamsModel } from './models/dynamodb.ts'
export { firehoseModel } from './models/firehose.ts'
export { glueModel } from './models/glue.ts'
export { iotModel } from './models/iot.ts'
export { iotDataModel } from './models/iot-data.ts'
export { kinesisModel } from './models/kinesis.ts'
export { lambdaModel } from './models/lambda.ts'
export { sagemakerRuntimeModel } from './models/sagemaker-runtime.ts'
export { snsModel, UNSIGNED_SNS_OPERATIONS } from './models/sns.ts'
export { stsModel } from './models/sts.ts'
export { type Caller, invokeFunction, type OwnAnswer, publishNotification } from './own-calls.ts'
export { ownCredentials } from './own-credentials.ts'
export { formatToken, pageOf, parseToken } from './paging.ts'
export { usesPathStyle } from './path-style.ts'
export { cut } from './print.ts'
export { mediaTypeOf, type Protocol } from './protocols/protocol.ts'
export { formParameters } from './protocols/query-parameters.ts'
export { folderOf } from './protocols/rest-route.ts'
export { isFinalSdkError } from './sdk-errors.ts'
export { openSenders, type Senders } from './senders.ts'
export { queryParameters } from './sigv4/canonical.ts'
export { signedService } from './sigv4/claim.ts'
export type { AwsCredentials, UnsignedRequest } from './sigv4/sign.ts'
export { presignedUrl, signatureHeaders } from './sigv4/sign.ts'
export type { Tags } from './tags.ts'
export { MAX_TAGS, tagList, withoutTags } from './tags.ts'
