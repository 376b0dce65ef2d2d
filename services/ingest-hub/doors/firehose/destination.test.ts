import { describe, expect, test } from 'vitest'
import { destinationOf, type S3Input } from './destination.ts'

const S3 = {
  RoleARN: 'arn:aws:iam::000000000000:role/delivery',
  BucketARN: 'arn:aws:s3:::lake',
}
const orders = { name: 'orders', account: { region: 'us-east-1', accountId: '000000000000' } }
const of = (more: S3Input = {}, before?: S3Input) =>
  destinationOf(
    before === undefined ? { ...S3, ...more } : more,
    orders,
    before && destinationOf({ ...S3, ...before }, orders),
  )

test('settings that are not given have the defaults of AWS', () =>
  expect(of()).toEqual({
    roleArn: S3.RoleARN,
    bucketArn: S3.BucketARN,
    prefix: '',
    errorPrefix: '',
    sizeMiB: 5,
    intervalSeconds: 300,
    compression: 'UNCOMPRESSED',
    fileExtension: '',
    timeZone: 'UTC',
    kmsKeyArn: null,
    delimiter: false,
    logging: { enabled: false, group: '', stream: '' },
  }))

const AWSKMSKeyARN = 'arn:aws:kms:us-east-1:000000000000:key/one'
const Delimiter = { ParameterName: 'Delimiter', ParameterValue: '\\n' }
const delimiting = { Processors: [{ Type: 'AppendDelimiterToRecord', Parameters: [Delimiter] }] }

test.each<[S3Input, object]>([
  [{ BufferingHints: { SizeInMBs: 1, IntervalInSeconds: 0 } }, { sizeMiB: 1, intervalSeconds: 0 }],
  [
    { CompressionFormat: 'GZIP', FileExtension: '.json.gz' },
    { compression: 'GZIP', fileExtension: '.json.gz' },
  ],
  [{ CustomTimeZone: 'Asia/Kathmandu' }, { timeZone: 'Asia/Kathmandu' }],
  [{ CustomTimeZone: '' }, { timeZone: 'UTC' }],
  [{ EncryptionConfiguration: { KMSEncryptionConfig: { AWSKMSKeyARN } } }, { kmsKeyArn: AWSKMSKeyARN }],
  [{ ProcessingConfiguration: delimiting }, { delimiter: true }],
  [{ ProcessingConfiguration: { Processors: [{ Type: 'AppendDelimiterToRecord' }] } }, { delimiter: true }],
  [{ ProcessingConfiguration: { Enabled: false } }, { delimiter: false }],
  [
    { CloudWatchLoggingOptions: { Enabled: true, LogGroupName: 'g', LogStreamName: 's' } },
    { logging: { enabled: true, group: 'g', stream: 's' } },
  ],
  [
    { Prefix: 'a/!{timestamp:yyyy}/', ErrorOutputPrefix: 'errors/' },
    { prefix: 'a/!{timestamp:yyyy}/', errorPrefix: 'errors/' },
  ],
  [{ Prefix: 'a..b/.c/..' }, { prefix: 'a..b/.c/..' }],
  [{ S3BackupMode: 'Disabled', DynamicPartitioningConfiguration: { Enabled: false } }, {}],
  [{ DataFormatConversionConfiguration: { Enabled: false } }, {}],
])('%j', (input, expected) => expect(of(input)).toMatchObject(expected))

test('an update keeps what it does not name', () => {
  const before: S3Input = { Prefix: 'a/', CompressionFormat: 'GZIP', ProcessingConfiguration: delimiting }
  expect(of({ Prefix: 'b/' }, before)).toEqual({ ...of(before), prefix: 'b/' })
  const encrypted: S3Input = { EncryptionConfiguration: { KMSEncryptionConfig: { AWSKMSKeyARN } } }
  expect(of({ EncryptionConfiguration: {} }, encrypted).kmsKeyArn).toBe(AWSKMSKeyARN)
  const plain: S3Input = { EncryptionConfiguration: { NoEncryptionConfig: 'NoEncryption' } }
  expect(of(plain, encrypted).kmsKeyArn).toBeNull()
  expect(() =>
    of({ ErrorOutputPrefix: '' }, { Prefix: '!{timestamp:yyyy}', ErrorOutputPrefix: 'e/' }),
  ).toThrow('ErrorOutputPrefix')
})

describe('what is not served is refused by its name', () => {
  test.each<[string, S3Input]>([
    ['CompressionFormat ZIP', { CompressionFormat: 'ZIP' }],
    ['S3BackupMode', { S3BackupMode: 'Enabled' }],
    ['S3BackupConfiguration', { S3BackupConfiguration: S3 }],
    ['S3BackupUpdate', { S3BackupUpdate: S3 }],
    ['DataFormatConversionConfiguration', { DataFormatConversionConfiguration: {} }],
    ['!{partitionKeyFromQuery:…}', { Prefix: '!{partitionKeyFromQuery:a}/', ErrorOutputPrefix: 'e/' }],
    [
      'The processor MetadataExtraction',
      { ProcessingConfiguration: { Processors: [{ Type: 'MetadataExtraction' }] } },
    ],
    [
      'The parameter Delimiter of AppendDelimiterToRecord',
      {
        ProcessingConfiguration: {
          Processors: [
            { Type: 'AppendDelimiterToRecord', Parameters: [{ ...Delimiter, ParameterValue: ',' }] },
          ],
        },
      },
    ],
  ])('%s', (part, input) => expect(() => of(input)).toThrow(`${part} is not served: `))
})

describe('what cannot be right is refused', () => {
  test.each<[string, S3Input]>([
    ['BufferingHints needs both', { BufferingHints: { SizeInMBs: 1 } }],
    ['BufferingHints needs both', { BufferingHints: { IntervalInSeconds: 60 } }],
    ['CustomTimeZone Mars/Olympus does not exist', { CustomTimeZone: 'Mars/Olympus' }],
    [
      'ErrorOutputPrefix cannot be null or empty when Prefix contains expressions',
      { Prefix: '!{timestamp:yyyy}/' },
    ],
    ['Prefix is not valid: The expression', { Prefix: '!{timestamp:yyyy', ErrorOutputPrefix: 'e/' }],
    [
      'ErrorOutputPrefix is not valid: A prefix for failed records',
      { ErrorOutputPrefix: '!{timestamp:yyyy}/' },
    ],
    ['Prefix is not valid: It has . or ..', { Prefix: '../other/' }],
    ['Prefix is not valid: It has . or ..', { Prefix: 'a/./b/' }],
    ['Prefix is not valid: It has . or ..', { Prefix: "a/!{timestamp:'..'}/", ErrorOutputPrefix: 'e/' }],
    ['ErrorOutputPrefix is not valid: It has . or ..', { ErrorOutputPrefix: 'a/../' }],
    ['Prefix is not valid: It has control characters', { Prefix: 'a\0b' }],
    ['Prefix is not valid: The names of its objects', { Prefix: 'ü'.repeat(470) }],
    [
      'EncryptionConfiguration has both',
      {
        EncryptionConfiguration: {
          NoEncryptionConfig: 'NoEncryption',
          KMSEncryptionConfig: { AWSKMSKeyARN },
        },
      },
    ],
    [
      'ProcessingConfiguration is not enabled',
      { ProcessingConfiguration: { ...delimiting, Enabled: false } },
    ],
  ])('%s', (message, input) => expect(() => of(input)).toThrow(message))
})

describe('dynamic partitioning', () => {
  const LambdaArn = 'arn:aws:lambda:us-east-1:000000000000:function:keys'
  const lambda = { Type: 'Lambda', Parameters: [{ ParameterName: 'LambdaArn', ParameterValue: LambdaArn }] }
  const GOOD: S3Input = {
    DynamicPartitioningConfiguration: { Enabled: true },
    Prefix: '!{partitionKeyFromLambda:hall}/',
    ErrorOutputPrefix: 'e/',
    ProcessingConfiguration: { Processors: [lambda] },
  }

  test('has larger buffers, and is kept by updates', () => {
    expect(of(GOOD)).toMatchObject({ isPartitioned: true, sizeMiB: 64, intervalSeconds: 300 })
    expect(of({ Prefix: 'a/!{partitionKeyFromLambda:hall}/' }, GOOD)).toMatchObject({ isPartitioned: true })
    expect(of({ DynamicPartitioningConfiguration: { Enabled: true } }, GOOD)).toEqual(of(GOOD))
  })

  test.each<[string, S3Input, S3Input?]>([
    [
      'DynamicPartitioningConfiguration must be enabled',
      { ...GOOD, DynamicPartitioningConfiguration: undefined },
    ],
    ['Prefix must have partition keys', { ...GOOD, Prefix: 'a/' }],
    ['there must be a Lambda processor', { ...GOOD, ProcessingConfiguration: undefined }],
    ['ErrorOutputPrefix', { ...GOOD, ErrorOutputPrefix: undefined }],
    ['at least 64 MB', { ...GOOD, BufferingHints: { SizeInMBs: 63, IntervalInSeconds: 60 } }],
    ['at least 64 MB and 1 second', { ...GOOD, BufferingHints: { SizeInMBs: 64, IntervalInSeconds: 0 } }],
    ['cannot be enabled or disabled later', { DynamicPartitioningConfiguration: { Enabled: false } }, GOOD],
    ['cannot be enabled or disabled later', { DynamicPartitioningConfiguration: { Enabled: true } }, {}],
    ['Prefix must have partition keys', { Prefix: 'a/' }, GOOD],
    ['there must be a Lambda processor', { ProcessingConfiguration: { Processors: [] } }, GOOD],
  ])('%s', (message, input, before) => expect(() => of(input, before)).toThrow(message))
})
