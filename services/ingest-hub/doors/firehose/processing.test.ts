import { expect, test } from 'vitest'
import { destinationOf } from './destination.ts'
import { describeProcessing, type ProcessingInput } from './processing.ts'

const S3 = { RoleARN: 'arn:aws:iam::000000000000:role/delivery', BucketARN: 'arn:aws:s3:::lake' }
const orders = { name: 'orders', account: { region: 'us-east-1', accountId: '000000000000' } }
const LambdaArn = 'arn:aws:lambda:us-east-1:000000000000:function:clean:live'

const processor = (Type: string, parameters: Readonly<Record<string, string>> = {}) => ({
  Type,
  Parameters: Object.entries(parameters).map(([ParameterName, ParameterValue]) => ({
    ParameterName,
    ParameterValue,
  })),
})
const of = (...Processors: ReturnType<typeof processor>[]) =>
  destinationOf({ ...S3, ProcessingConfiguration: { Processors } }, orders)

test('a function has the defaults of AWS, and is shown with all of its parameters', () => {
  const destination = of(processor('Lambda', { LambdaArn }))
  expect(destination).toMatchObject({
    delimiter: false,
    processing: { lambda: { arn: LambdaArn, roleArn: null, retries: 3, sizeMiB: 1, intervalSeconds: 60 } },
  })
  expect(describeProcessing(destination)).toEqual({
    Enabled: true,
    Processors: [
      processor('Lambda', {
        LambdaArn,
        NumberOfRetries: '3',
        BufferSizeInMBs: '1',
        BufferIntervalInSeconds: '60',
      }),
    ],
  })
})

test('what is shown is what was given', () => {
  const Processors = [
    processor('Decompression', { CompressionFormat: 'GZIP' }),
    processor('CloudWatchLogProcessing', { DataMessageExtraction: 'true' }),
    processor('RecordDeAggregation', { SubRecordType: 'DELIMITED', Delimiter: 'IyMjIw==' }),
    processor('Lambda', {
      LambdaArn,
      NumberOfRetries: '0',
      RoleArn: 'arn:aws:iam::000000000000:role/invoker',
      BufferSizeInMBs: '0.2',
      BufferIntervalInSeconds: '900',
    }),
    processor('AppendDelimiterToRecord', { Delimiter: '\\n' }),
  ]
  expect(describeProcessing(of(...Processors))).toEqual({ Enabled: true, Processors })
})

test.each<[string, ReturnType<typeof processor>]>([
  ['Lambda needs the parameter LambdaArn', processor('Lambda')],
  ['is not a function of this account', processor('Lambda', { LambdaArn: 'arn:aws:s3:::lake' })],
  ['is not a function of this account', processor('Lambda', { LambdaArn: LambdaArn.replace('us-', 'eu-') })],
  ['NumberOfRetries 301 must be', processor('Lambda', { LambdaArn, NumberOfRetries: '301' })],
  ['NumberOfRetries -1 must be', processor('Lambda', { LambdaArn, NumberOfRetries: '-1' })],
  ['NumberOfRetries 1e1 must be', processor('Lambda', { LambdaArn, NumberOfRetries: '1e1' })],
  ['BufferSizeInMBs 0.1 must be', processor('Lambda', { LambdaArn, BufferSizeInMBs: '0.1' })],
  ['BufferSizeInMBs 3.1 must be', processor('Lambda', { LambdaArn, BufferSizeInMBs: '3.1' })],
  ['BufferIntervalInSeconds 901', processor('Lambda', { LambdaArn, BufferIntervalInSeconds: '901' })],
  ['The parameter Delimiter of Lambda is not served', processor('Lambda', { LambdaArn, Delimiter: 'x' })],
  ['RecordDeAggregation needs the parameter SubRecordType', processor('RecordDeAggregation')],
  ['SubRecordType XML must be', processor('RecordDeAggregation', { SubRecordType: 'XML' })],
  [
    'RecordDeAggregation needs the parameter Delimiter',
    processor('RecordDeAggregation', { SubRecordType: 'DELIMITED' }),
  ],
  ['must be base64', processor('RecordDeAggregation', { SubRecordType: 'DELIMITED', Delimiter: '####' })],
  ['CompressionFormat Snappy is not served', processor('Decompression', { CompressionFormat: 'Snappy' })],
  ['needs Decompression', processor('CloudWatchLogProcessing', { DataMessageExtraction: 'true' })],
  ['must be true', processor('CloudWatchLogProcessing', { DataMessageExtraction: 'false' })],
  ['The processor constructor is not served', processor('constructor')],
])('%s: refused', (message, wrong) => expect(() => of(wrong)).toThrow(message))

test('a processor or a parameter that comes twice is refused', () => {
  const lambda = processor('Lambda', { LambdaArn })
  expect(() => of(lambda, lambda)).toThrow('has Lambda more than once')
  const { Parameters } = lambda
  expect(() => of({ ...lambda, Parameters: [...Parameters, ...Parameters] })).toThrow(
    'has the parameter LambdaArn more than once',
  )
})

test('processors can be changed and removed later, but not added to a delivery stream without any', () => {
  const update = (before: ReturnType<typeof of>, ProcessingConfiguration: ProcessingInput) =>
    destinationOf({ ProcessingConfiguration }, orders, before)
  const Processors = [processor('Lambda', { LambdaArn })]
  const before = of(processor('Decompression'))
  expect(update(before, { Processors }).processing).toMatchObject({
    decompression: null,
    lambda: { arn: LambdaArn },
  })
  const without = update(before, { Enabled: false })
  expect(without.processing).toMatchObject({ decompression: null, lambda: null })
  expect(describeProcessing(without)).toEqual({ Enabled: false, Processors: [] })
  expect(update(without, { Processors }).processing).toMatchObject({ lambda: { arn: LambdaArn } })
  expect(() => update(of(), { Processors })).toThrow('create the delivery stream anew')
})
