"""Authentication and rights, on a hub that admits only some access keys."""
import datetime
import json
import os
from unittest import mock

import botocore.auth
from botocore import UNSIGNED

from common import KinesisTest, client

KEYS = json.loads(os.environ['ACCESS_KEYS'])
PREFIX = os.environ['STREAM_PREFIX']


def known(who, **options):
    return client(KEYS[who]['accessKeyId'], KEYS[who]['secretAccessKey'], **options)


class Rights(KinesisTest):
    def setUp(self):
        self.kinesis = known('admin')
        self.addCleanup(self.kinesis.close)

    def test_wrong_credentials(self):
        with self.refused('InvalidSignatureException'):
            client(KEYS['admin']['accessKeyId'], 'a wrong secret').list_streams()
        with self.refused('UnrecognizedClientException'):
            client('AKIANOBODYNOBODYNO01', 'any secret').list_streams()
        with self.refused('UnrecognizedClientException'):
            client('test', 'test').list_streams()
        with self.refused('UnrecognizedClientException'):
            known('admin', token='a token that nobody gave out').list_streams()
        with self.refused('MissingAuthenticationTokenException'):
            known('admin', signature_version=UNSIGNED).list_streams()

    def test_any_region_of_a_signature(self):
        known('admin', region='eu-central-1').list_streams()

    def test_identity(self):
        for who in ('admin', 'writer'):
            name = KEYS[who]['accessKeyId']
            answer = known(who, service='sts').get_caller_identity()
            self.assertEqual({'Account': '000000000000', 'Arn': f'arn:aws:iam::000000000000:user/{name}', 'UserId': name},
                             {member: answer[member] for member in ('Account', 'Arn', 'UserId')})
            self.assertEqual(answer['ResponseMetadata']['HTTPHeaders']['x-amzn-requestid'], answer['ResponseMetadata']['RequestId'])
        with self.refused('SignatureDoesNotMatch', 403):
            client(KEYS['admin']['accessKeyId'], 'a wrong secret', service='sts').get_caller_identity()
        with self.refused('InvalidClientTokenId', 403):
            client('AKIANOBODYNOBODYNO01', 'any secret', service='sts').get_caller_identity()
        with self.refused('MissingAuthenticationToken', 403):
            known('admin', service='sts', signature_version=UNSIGNED).get_caller_identity()
        with self.refused('InvalidAction', says='GetSessionToken'):
            known('admin', service='sts').get_session_token()

    def test_streams_and_actions(self):
        orders, other = self.create(name=f'{PREFIX}-orders'), self.create(name=f'{PREFIX}-payments')
        outside = self.create()
        writer, reader = known('writer'), known('reader')
        put = {'PartitionKey': 'k', 'Data': b'data'}
        self.assertEqual('shardId-000000000000', writer.put_record(StreamName=orders, **put)['ShardId'])
        for denied in (other, outside):
            with self.refused('AccessDeniedException', says=f'kinesis:PutRecord on resource: arn:aws:kinesis:us-east-1:000000000000:stream/{denied}'):
                writer.put_record(StreamName=denied, **put)
        with self.refused('AccessDeniedException', says='kinesis:DescribeStream'):
            writer.describe_stream(StreamName=orders)
        with self.refused('AccessDeniedException', says='kinesis:PutRecords'):
            reader.put_records(StreamName=orders, Records=[put])
        with self.refused('AccessDeniedException', says='kinesis:GetShardIterator'):
            reader.get_shard_iterator(StreamName=outside, ShardId='shardId-000000000000', ShardIteratorType='LATEST')
        iterator = reader.get_shard_iterator(StreamName=orders, ShardId='shardId-000000000000', ShardIteratorType='TRIM_HORIZON')['ShardIterator']
        self.assertEqual([b'data'], [record['Data'] for record in reader.get_records(ShardIterator=iterator)['Records']])
        with self.refused('AccessDeniedException', says='kinesis:GetRecords'):
            reader.get_records(ShardIterator=self.iterator(outside))
        with self.refused('AccessDeniedException', says='kinesis:GetRecords'):
            writer.get_records(ShardIterator=iterator)
        # A client without rights must not learn whether the stream exists.
        with self.refused('AccessDeniedException'):
            reader.describe_stream(StreamName='does-not-exist')

    def test_delivery_streams(self):
        firehose = known('admin', service='firehose')
        s3 = {'RoleARN': 'arn:aws:iam::000000000000:role/delivery', 'BucketARN': 'arn:aws:s3:::lake'}
        orders, other = f'{PREFIX}-orders', f'{PREFIX}-payments'
        for name in (orders, other):
            firehose.create_delivery_stream(DeliveryStreamName=name, S3DestinationConfiguration=s3)
            self.addCleanup(firehose.delete_delivery_stream, DeliveryStreamName=name)
            self.eventually(lambda: firehose.describe_delivery_stream(DeliveryStreamName=name)[
                'DeliveryStreamDescription']['DeliveryStreamStatus'] == 'ACTIVE', 30)
        writer = known('writer', service='firehose')
        record = {'Data': b'x'}
        self.assertEqual(0, writer.put_record_batch(DeliveryStreamName=orders, Records=[record])['FailedPutCount'])
        self.assertEqual([orders], writer.list_delivery_streams()['DeliveryStreamNames'])
        for name in (other, 'does-not-exist'):
            with self.refused('AccessDeniedException', says=f'firehose:PutRecord on resource: arn:aws:firehose:us-east-1:000000000000:deliverystream/{name}'):
                writer.put_record(DeliveryStreamName=name, Record=record)
        for denied in (
                lambda: writer.create_delivery_stream(DeliveryStreamName=orders, S3DestinationConfiguration=s3),
                lambda: writer.delete_delivery_stream(DeliveryStreamName=orders),
                lambda: writer.describe_delivery_stream(DeliveryStreamName=orders),
                lambda: writer.tag_delivery_stream(DeliveryStreamName=orders, Tags=[{'Key': 'a'}]),
                lambda: writer.start_delivery_stream_encryption(DeliveryStreamName=orders),
                lambda: known('reader', service='firehose').put_record(DeliveryStreamName=orders, Record=record)):
            with self.refused('AccessDeniedException'):
                denied()

    def test_rules(self):
        payload = {'sql': "SELECT * FROM 'a'", 'actions': []}
        with self.refused('AccessDeniedException', 403, says='iot:CreateTopicRule'):
            known('reader', service='iot').create_topic_rule(ruleName='boto3_denied', topicRulePayload=payload)
        self.assertEqual([], known('reader', service='iot').list_topic_rules()['rules'])
        with self.refused('AccessDeniedException', 403, says='iot:Publish'):
            known('reader', service='iot-data').publish(topic='a', payload=b'x')

    def test_clocks(self):
        for minutes, says in ((-20, 'Signature expired'), (20, 'Signature not yet current')):
            with self.clock(minutes), self.refused('InvalidSignatureException', says=says):
                self.kinesis.list_streams()
        for minutes in (-4, 4):
            with self.clock(minutes):
                self.kinesis.list_streams()

    def clock(self, minutes):
        right = botocore.auth.get_current_datetime
        return mock.patch.object(botocore.auth, 'get_current_datetime', lambda *args, **options: right(*args, **options) + datetime.timedelta(minutes=minutes))
