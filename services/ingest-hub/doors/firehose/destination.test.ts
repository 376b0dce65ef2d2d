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
    ['DynamicPartitioningConfiguration', { DynamicPartitioningConfiguration: { Enabled: true } }],
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
