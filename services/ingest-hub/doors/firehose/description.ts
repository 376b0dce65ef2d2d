/** Delivery streams as DescribeDeliveryStream shows them. */
import { type Account, deliveryStreamArn } from '@weir/aws'
import type { DeliveryStream, S3Destination } from '@weir/deliveries'
import { DELIMITER, DELIMITER_PROCESSOR } from './destination.ts'

/** Every delivery stream has one destination. */
export const DESTINATION_ID = 'destinationId-000000000001'

export function describe(stream: DeliveryStream, account: Account): object {
  const { encryption, throughputHintMiB } = stream
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
    Source:
      throughputHintMiB === null
        ? undefined
        : { DirectPutSourceDescription: { ThroughputHintInMBs: throughputHintMiB } },
    Destinations: [describeDestination(stream.destination)],
    HasMoreDestinations: false,
  }
}

/** As on AWS, clients of both configurations find theirs. */
function describeDestination(destination: S3Destination): object {
  const s3 = {
    RoleARN: destination.roleArn,
    BucketARN: destination.bucketArn,
    Prefix: destination.prefix || undefined,
    ErrorOutputPrefix: destination.errorPrefix || undefined,
    BufferingHints: {
      SizeInMBs: destination.sizeMiB,
      IntervalInSeconds: destination.intervalSeconds,
    },
    CompressionFormat: destination.compression,
    EncryptionConfiguration:
      destination.kmsKeyArn === null
        ? { NoEncryptionConfig: 'NoEncryption' }
        : { KMSEncryptionConfig: { AWSKMSKeyARN: destination.kmsKeyArn } },
    CloudWatchLoggingOptions: {
      Enabled: destination.logging.enabled,
      LogGroupName: destination.logging.group || undefined,
      LogStreamName: destination.logging.stream || undefined,
    },
  }
  return {
    DestinationId: DESTINATION_ID,
    S3DestinationDescription: s3,
    ExtendedS3DestinationDescription: {
      ...s3,
      ProcessingConfiguration: {
        Enabled: destination.delimiter,
        Processors: destination.delimiter ? [DELIMITER_PROCESSOR_DESCRIPTION] : [],
      },
      S3BackupMode: 'Disabled',
      FileExtension: destination.fileExtension || undefined,
      CustomTimeZone: destination.timeZone,
    },
  }
}

const DELIMITER_PROCESSOR_DESCRIPTION = {
  Type: DELIMITER_PROCESSOR,
  Parameters: [{ ParameterName: 'Delimiter', ParameterValue: DELIMITER }],
}
