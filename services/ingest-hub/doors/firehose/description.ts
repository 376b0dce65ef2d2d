/** Delivery streams as DescribeDeliveryStream shows them. */
import { type Account, deliveryStreamArn, streamArn } from '@weir/aws'
import { type Buffering, type DeliveryStream, type S3Destination, streamOf } from '@weir/deliveries'
import { describeHttp } from './http-endpoint.ts'
import { describeProcessing } from './processing.ts'

/** Every delivery stream has one destination. */
export const DESTINATION_ID = 'destinationId-000000000001'

export function describe(stream: DeliveryStream, account: Account): object {
  const { encryption } = stream
  return {
    DeliveryStreamName: stream.name,
    DeliveryStreamARN: deliveryStreamArn(account, stream.name),
    DeliveryStreamStatus: stream.status,
    DeliveryStreamEncryptionConfiguration:
      encryption === null
        ? { Status: 'DISABLED' }
        : { Status: 'ENABLED', KeyType: encryption.keyType, KeyARN: encryption.keyArn ?? undefined },
    DeliveryStreamType: stream.type,
    VersionId: String(stream.version),
    CreateTimestamp: new Date(stream.createdAt),
    LastUpdateTimestamp: stream.updatedAt === null ? undefined : new Date(stream.updatedAt),
    Source: describeSource(stream, account),
    Destinations: [describeDestination(stream)],
    HasMoreDestinations: false,
  }
}

function describeSource(stream: DeliveryStream, account: Account): object | undefined {
  const { type, sourceRoleArn, throughputHintMiB, createdAt } = stream
  if (type === 'KinesisStreamAsSource') {
    return {
      KinesisStreamSourceDescription: {
        KinesisStreamARN: streamArn(account, streamOf(stream)),
        RoleARN: sourceRoleArn,
        DeliveryStartTimestamp: new Date(createdAt),
      },
    }
  }
  return throughputHintMiB === null
    ? undefined
    : { DirectPutSourceDescription: { ThroughputHintInMBs: throughputHintMiB } }
}

function describeDestination({ destination, endpoint }: DeliveryStream): object {
  if (endpoint === null) return describeS3(destination)
  const { roleArn, retrySeconds, backupBuffering, logging } = endpoint
  return {
    DestinationId: DESTINATION_ID,
    HttpEndpointDestinationDescription: {
      ...describeHttp(endpoint),
      RoleARN: roleArn ?? undefined,
      BufferingHints: describeBuffering(destination),
      RetryOptions: { DurationInSeconds: retrySeconds },
      ProcessingConfiguration: { Enabled: false, Processors: [] },
      CloudWatchLoggingOptions: describeLogging(logging),
      S3DestinationDescription: describePlace({ ...destination, ...backupBuffering }),
    },
  }
}

const describeBuffering = ({ sizeMiB, intervalSeconds }: Buffering): object => ({
  SizeInMBs: sizeMiB,
  IntervalInSeconds: intervalSeconds,
})

const describeLogging = ({ enabled, group, stream }: S3Destination['logging']): object => ({
  Enabled: enabled,
  LogGroupName: group || undefined,
  LogStreamName: stream || undefined,
})

const describePlace = (destination: S3Destination): object => ({
  RoleARN: destination.roleArn,
  BucketARN: destination.bucketArn,
  Prefix: destination.prefix || undefined,
  ErrorOutputPrefix: destination.errorPrefix || undefined,
  BufferingHints: describeBuffering(destination),
  CompressionFormat: destination.compression,
  EncryptionConfiguration:
    destination.kmsKeyArn === null
      ? { NoEncryptionConfig: 'NoEncryption' }
      : { KMSEncryptionConfig: { AWSKMSKeyARN: destination.kmsKeyArn } },
  CloudWatchLoggingOptions: describeLogging(destination.logging),
})

/** As on AWS, clients of both configurations find theirs. */
function describeS3(destination: S3Destination): object {
  const s3 = describePlace(destination)
  return {
    DestinationId: DESTINATION_ID,
    S3DestinationDescription: s3,
    ExtendedS3DestinationDescription: {
      ...s3,
      ProcessingConfiguration: describeProcessing(destination),
      DynamicPartitioningConfiguration: destination.isPartitioned ? { Enabled: true } : undefined,
      S3BackupMode: 'Disabled',
      FileExtension: destination.fileExtension || undefined,
      CustomTimeZone: destination.timeZone,
    },
  }
}
