"""Helpers of the checks: clients of the hub, and streams that are deleted afterwards."""
import contextlib
import os
import time
import unittest
import uuid

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

HIGHEST_HASH_KEY = 2**128 - 1
#: The interval at which waiters look (s), and the maximum number of attempts.
SOON = {'Delay': 0.2, 'MaxAttempts': 150}


def client(access_key='test', secret='test', token=None, service='kinesis', region='us-east-1', **config):
    """Does not retry, so that every failure is visible."""
    return boto3.client(
        service, endpoint_url=os.environ['HUB_URL'], region_name=region,
        aws_access_key_id=access_key, aws_secret_access_key=secret,
        aws_session_token=token, config=Config(retries={'total_max_attempts': 1}, **config))


class KinesisTest(unittest.TestCase):
    def setUp(self):
        self.kinesis = client()
        self.addCleanup(self.kinesis.close)

    def create(self, shards=1, name=None, **options):
        """Creates a stream and waits until it is ACTIVE. Without a number of shards it is on demand."""
        name = name or f'boto3-{uuid.uuid4().hex[:10]}'
        mode = {'StreamModeDetails': {'StreamMode': 'ON_DEMAND'}} if shards is None else {'ShardCount': shards}
        self.kinesis.create_stream(StreamName=name, **mode, **options)
        self.addCleanup(self.delete, name)
        self.active(name)
        return name

    def delete(self, name):
        with contextlib.suppress(self.kinesis.exceptions.ResourceNotFoundException):
            self.kinesis.delete_stream(StreamName=name, EnforceConsumerDeletion=True)

    def active(self, name):
        self.kinesis.get_waiter('stream_exists').wait(StreamName=name, WaiterConfig=SOON)

    def arn(self, name):
        return self.kinesis.describe_stream_summary(StreamName=name)['StreamDescriptionSummary']['StreamARN']

    def iterator(self, name, shard='shardId-000000000000', kind='TRIM_HORIZON', **options):
        return self.kinesis.get_shard_iterator(StreamName=name, ShardId=shard, ShardIteratorType=kind, **options)['ShardIterator']

    def read(self, iterator, count):
        """Reads `count` records, in any number of answers."""
        records = []
        for _ in range(100):
            answer = self.kinesis.get_records(ShardIterator=iterator)
            records += answer['Records']
            iterator = answer.get('NextShardIterator')
            if len(records) >= count or iterator is None:
                break
        self.assertEqual(count, len(records))
        return records

    @contextlib.contextmanager
    def refused(self, code, status=400, says=''):
        with self.assertRaises(ClientError) as caught:
            yield
        error = caught.exception.response
        self.assertEqual((code, status), (error['Error']['Code'], error['ResponseMetadata']['HTTPStatusCode']), error)
        self.assertIn(says, error['Error']['Message'])

    def eventually(self, look, timeout=10):
        """Repeats a check until it passes, because AWS makes some changes in the background."""
        deadline = time.monotonic() + timeout
        while not look():
            self.assertLess(time.monotonic(), deadline, 'The check did not pass in time.')
            time.sleep(0.2)
