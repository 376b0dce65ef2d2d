"""Delivery streams of Firehose, from their creation to their end."""
import contextlib
import datetime
import time
import uuid

from common import KinesisTest, client

ROLE = 'arn:aws:iam::000000000000:role/delivery'
BUCKET = 'arn:aws:s3:::lake'


class Deliveries(KinesisTest):
    def setUp(self):
        self.firehose = client(service='firehose')
        self.addCleanup(self.firehose.close)

    def create(self, name=None, **options):
        name = name or f'boto3-{uuid.uuid4().hex[:10]}'
        settings = options or {'ExtendedS3DestinationConfiguration': {'RoleARN': ROLE, 'BucketARN': BUCKET}}
        self.firehose.create_delivery_stream(DeliveryStreamName=name, **settings)
        self.addCleanup(self.delete, name)
        self.eventually(lambda: self.describe(name)['DeliveryStreamStatus'] == 'ACTIVE', 30)
        return name

    def delete(self, name):
        with contextlib.suppress(self.firehose.exceptions.ResourceNotFoundException):
            self.firehose.delete_delivery_stream(DeliveryStreamName=name)

    def describe(self, name):
        return self.firehose.describe_delivery_stream(DeliveryStreamName=name)['DeliveryStreamDescription']

    def test_a_whole_life(self):
        name = self.create(S3DestinationConfiguration={
            'RoleARN': ROLE, 'BucketARN': BUCKET, 'Prefix': 'a/!{timestamp:yyyy}/', 'ErrorOutputPrefix': 'errors/',
            'BufferingHints': {'SizeInMBs': 1, 'IntervalInSeconds': 60}, 'CompressionFormat': 'GZIP'})
        found = self.describe(name)
        self.assertEqual(f'arn:aws:firehose:us-east-1:000000000000:deliverystream/{name}', found['DeliveryStreamARN'])
        self.assertEqual(('DirectPut', '1', False), (found['DeliveryStreamType'], found['VersionId'], found['HasMoreDestinations']))
        age = datetime.datetime.now(datetime.timezone.utc) - found['CreateTimestamp']
        self.assertLess(abs(age.total_seconds()), 60)
        (destination,) = found['Destinations']
        for member in ('S3DestinationDescription', 'ExtendedS3DestinationDescription'):
            self.assertEqual(('a/!{timestamp:yyyy}/', 'GZIP', {'SizeInMBs': 1, 'IntervalInSeconds': 60}),
                             tuple(destination[member][part] for part in ('Prefix', 'CompressionFormat', 'BufferingHints')))
        put = self.firehose.put_record(DeliveryStreamName=name, Record={'Data': b'one\n'})
        self.assertFalse(put['Encrypted'])
        answer = self.firehose.put_record_batch(DeliveryStreamName=name, Records=[{'Data': b'\0\xff'}, {'Data': 'zwei'}])
        self.assertEqual((0, 2), (answer['FailedPutCount'], len(answer['RequestResponses'])))
        self.assertEqual(3, len({put['RecordId'], *(one['RecordId'] for one in answer['RequestResponses'])}))
        self.firehose.update_destination(
            DeliveryStreamName=name, CurrentDeliveryStreamVersionId='1', DestinationId=destination['DestinationId'],
            ExtendedS3DestinationUpdate={'Prefix': 'b/', 'FileExtension': '.json'})
        found = self.describe(name)
        self.assertEqual(('2', 'b/', '.json'), (found['VersionId'], *(
            found['Destinations'][0]['ExtendedS3DestinationDescription'][part] for part in ('Prefix', 'FileExtension'))))
        with self.refused('ConcurrentModificationException', says='current version id: 2 and specified version id: 1'):
            self.firehose.update_destination(
                DeliveryStreamName=name, CurrentDeliveryStreamVersionId='1', DestinationId=destination['DestinationId'],
                S3DestinationUpdate={'Prefix': 'c/'})
        self.firehose.start_delivery_stream_encryption(DeliveryStreamName=name)
        self.assertEqual({'Status': 'ENABLED', 'KeyType': 'AWS_OWNED_CMK'}, self.describe(name)['DeliveryStreamEncryptionConfiguration'])
        self.assertTrue(self.firehose.put_record(DeliveryStreamName=name, Record={'Data': b'x'})['Encrypted'])
        self.firehose.stop_delivery_stream_encryption(DeliveryStreamName=name)
        self.firehose.tag_delivery_stream(DeliveryStreamName=name, Tags=[{'Key': 'team', 'Value': 'data'}, {'Key': 'b'}])
        self.firehose.untag_delivery_stream(DeliveryStreamName=name, TagKeys=['b'])
        self.assertEqual([{'Key': 'team', 'Value': 'data'}], self.firehose.list_tags_for_delivery_stream(DeliveryStreamName=name)['Tags'])
        listed = self.firehose.list_delivery_streams(ExclusiveStartDeliveryStreamName=name[:-1], Limit=1, DeliveryStreamType='DirectPut')
        self.assertEqual([name], listed['DeliveryStreamNames'])
        self.firehose.delete_delivery_stream(DeliveryStreamName=name)
        with self.refused('ResourceNotFoundException'):
            self.firehose.put_record(DeliveryStreamName=name, Record={'Data': b'x'})
        deadline = time.monotonic() + 30
        with contextlib.suppress(self.firehose.exceptions.ResourceNotFoundException):
            while time.monotonic() < deadline:
                self.assertEqual('DELETING', self.describe(name)['DeliveryStreamStatus'])
                time.sleep(0.2)
            self.fail('The delivery stream was not deleted in time.')
        self.create(name)

    def test_what_is_refused(self):
        name = self.create()
        s3 = {'RoleARN': ROLE, 'BucketARN': BUCKET}
        create = lambda **options: self.firehose.create_delivery_stream(DeliveryStreamName=f'{name}-2', **options)
        with self.refused('ResourceInUseException', says='already exists'):
            self.firehose.create_delivery_stream(DeliveryStreamName=name, S3DestinationConfiguration=s3)
        with self.refused('InvalidArgumentException', says='Exactly one destination'):
            create()
        with self.refused('InvalidArgumentException', says='SplunkDestinationConfiguration is not served'):
            create(SplunkDestinationConfiguration={
                'HECEndpoint': 'https://splunk', 'HECEndpointType': 'Raw', 'HECToken': 'x', 'S3Configuration': s3})
        with self.refused('InvalidArgumentException', says='Stream none under account 000000000000 is not ACTIVE'):
            create(DeliveryStreamType='KinesisStreamAsSource', S3DestinationConfiguration=s3, KinesisStreamSourceConfiguration={
                'KinesisStreamARN': 'arn:aws:kinesis:us-east-1:000000000000:stream/none', 'RoleARN': ROLE})
        with self.refused('InvalidArgumentException', says='DeliveryStreamType MSKAsSource is not served'):
            create(DeliveryStreamType='MSKAsSource', S3DestinationConfiguration=s3, MSKSourceConfiguration={
                'MSKClusterARN': 'arn:aws:kafka:us-east-1:000000000000:cluster/a/b', 'TopicName': 'a',
                'AuthenticationConfiguration': {'RoleARN': ROLE, 'Connectivity': 'PRIVATE'}})
        with self.refused('InvalidArgumentException', says='The processor MetadataExtraction is not served'):
            create(ExtendedS3DestinationConfiguration={**s3, 'ProcessingConfiguration': {
                'Enabled': True, 'Processors': [{'Type': 'MetadataExtraction'}]}})
        with self.refused('InvalidArgumentException', says='Lambda needs the parameter LambdaArn'):
            create(ExtendedS3DestinationConfiguration={**s3, 'ProcessingConfiguration': {'Enabled': True, 'Processors': [{'Type': 'Lambda'}]}})
        with self.refused('InvalidArgumentException', says='KeyARN is required'):
            create(S3DestinationConfiguration=s3, DeliveryStreamEncryptionConfigurationInput={'KeyType': 'CUSTOMER_MANAGED_CMK'})
        with self.refused('ValidationException', says='deliveryStreamName'):
            self.firehose.describe_delivery_stream(DeliveryStreamName='not a name')
        with self.refused('ResourceNotFoundException', says='Firehose none under account 000000000000 not found.'):
            self.firehose.put_record(DeliveryStreamName='none', Record={'Data': b'x'})
