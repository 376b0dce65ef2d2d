"""Creating, describing, listing, configuring and deleting streams."""
import datetime
import uuid

from common import HIGHEST_HASH_KEY, SOON, KinesisTest


class Streams(KinesisTest):
    def test_provisioned(self):
        name = self.create(3, Tags={'team': 'data'})
        found = self.kinesis.describe_stream(StreamName=name)['StreamDescription']
        self.assertEqual(f'arn:aws:kinesis:us-east-1:000000000000:stream/{name}', found['StreamARN'])
        fields = ('StreamStatus', 'RetentionPeriodHours', 'EncryptionType', 'HasMoreShards')
        self.assertEqual(('ACTIVE', 24, 'NONE', False), tuple(found[field] for field in fields))
        self.assertEqual({'StreamMode': 'PROVISIONED'}, found['StreamModeDetails'])
        self.assertEqual([{'ShardLevelMetrics': []}], found['EnhancedMonitoring'])
        age = datetime.datetime.now(datetime.timezone.utc) - found['StreamCreationTimestamp']
        self.assertLess(abs(age.total_seconds()), 60)
        self.assertEqual([f'shardId-{i:012}' for i in range(3)], [shard['ShardId'] for shard in found['Shards']])
        ranges = [(int(shard['HashKeyRange']['StartingHashKey']), int(shard['HashKeyRange']['EndingHashKey'])) for shard in found['Shards']]
        self.assertEqual((0, HIGHEST_HASH_KEY), (ranges[0][0], ranges[-1][1]))
        self.assertTrue(all(a[1] + 1 == b[0] for a, b in zip(ranges, ranges[1:])))
        self.assertTrue(all('EndingSequenceNumber' not in shard['SequenceNumberRange'] for shard in found['Shards']))
        summary = self.kinesis.describe_stream_summary(StreamARN=found['StreamARN'])['StreamDescriptionSummary']
        self.assertEqual((3, 0), (summary['OpenShardCount'], summary['ConsumerCount']))
        self.assertEqual([{'Key': 'team', 'Value': 'data'}], self.kinesis.list_tags_for_stream(StreamName=name)['Tags'])

    def test_pages_of_a_description(self):
        name = self.create(3)
        first = self.kinesis.describe_stream(StreamName=name, Limit=2)['StreamDescription']
        self.assertEqual((2, True), (len(first['Shards']), first['HasMoreShards']))
        pages = self.kinesis.get_paginator('describe_stream').paginate(StreamName=name, PaginationConfig={'PageSize': 2})
        self.assertEqual([2, 1], [len(page['StreamDescription']['Shards']) for page in pages])

    def test_on_demand(self):
        name = self.create(None)
        found = self.kinesis.describe_stream_summary(StreamName=name)['StreamDescriptionSummary']
        self.assertEqual(({'StreamMode': 'ON_DEMAND'}, 4), (found['StreamModeDetails'], found['OpenShardCount']))
        self.kinesis.update_stream_mode(StreamARN=found['StreamARN'], StreamModeDetails={'StreamMode': 'PROVISIONED'})
        self.active(name)
        found = self.kinesis.describe_stream_summary(StreamName=name)['StreamDescriptionSummary']
        self.assertEqual(({'StreamMode': 'PROVISIONED'}, 4), (found['StreamModeDetails'], found['OpenShardCount']))

    def test_with_only_a_name(self):
        name = f'boto3-{uuid.uuid4().hex[:10]}'
        self.kinesis.create_stream(StreamName=name)
        self.addCleanup(self.delete, name)
        self.active(name)
        found = self.kinesis.describe_stream_summary(StreamName=name)['StreamDescriptionSummary']
        self.assertEqual(({'StreamMode': 'ON_DEMAND'}, 4), (found['StreamModeDetails'], found['OpenShardCount']))
        with self.refused('InvalidArgumentException'):
            self.kinesis.create_stream(StreamName=f'{name}-2', StreamModeDetails={'StreamMode': 'PROVISIONED'})

    def test_deleting(self):
        name = self.create()
        self.kinesis.delete_stream(StreamName=name)
        self.kinesis.get_waiter('stream_not_exists').wait(StreamName=name, WaiterConfig=SOON)
        with self.refused('ResourceNotFoundException', says=f'Stream {name} under account 000000000000 not found'):
            self.kinesis.describe_stream(StreamName=name)
        with self.refused('ResourceNotFoundException'):
            self.kinesis.put_record(StreamName=name, PartitionKey='a', Data=b'a')
        self.create(name=name)
        self.assertEqual([], self.kinesis.get_records(ShardIterator=self.iterator(name))['Records'])

    def test_what_is_refused(self):
        name = self.create()
        with self.refused('ResourceInUseException', says='already exists'):
            self.kinesis.create_stream(StreamName=name, ShardCount=1)
        with self.refused('ValidationException', says='streamName'):
            self.kinesis.create_stream(StreamName='not a name', ShardCount=1)
        with self.refused('LimitExceededException'):
            self.kinesis.create_stream(StreamName=f'{name}-large', ShardCount=100_000)

    def test_lists(self):
        prefix = f'list-{uuid.uuid4().hex[:10]}'
        names = [self.create(name=f'{prefix}-{i}') for i in range(3)]
        found = self.kinesis.list_streams(ExclusiveStartStreamName=prefix, Limit=2)
        self.assertEqual((names[:2], True), (found['StreamNames'], found['HasMoreStreams']))
        self.assertEqual(names[:2], [summary['StreamName'] for summary in found['StreamSummaries']])
        self.assertEqual(names[2], self.kinesis.list_streams(NextToken=found['NextToken'], Limit=1)['StreamNames'][0])
        pages = self.kinesis.get_paginator('list_streams').paginate(PaginationConfig={'PageSize': 2})
        self.assertLessEqual(set(names), {name for page in pages for name in page['StreamNames']})

    def test_tags(self):
        name = self.create()
        self.kinesis.add_tags_to_stream(StreamName=name, Tags={'a': '1', 'b': '2', 'c': ''})
        first = self.kinesis.list_tags_for_stream(StreamName=name, Limit=2)
        self.assertEqual(([{'Key': 'a', 'Value': '1'}, {'Key': 'b', 'Value': '2'}], True), (first['Tags'], first['HasMoreTags']))
        rest = self.kinesis.list_tags_for_stream(StreamName=name, ExclusiveStartTagKey='b')
        self.assertEqual(([{'Key': 'c', 'Value': ''}], False), (rest['Tags'], rest['HasMoreTags']))
        self.kinesis.remove_tags_from_stream(StreamName=name, TagKeys=['a', 'unknown'])
        arn = self.arn(name)
        self.kinesis.tag_resource(ResourceARN=arn, Tags={'b': 'changed', 'd': 'ä ö'})
        self.kinesis.untag_resource(ResourceARN=arn, TagKeys=['c'])
        self.assertEqual([{'Key': 'b', 'Value': 'changed'}, {'Key': 'd', 'Value': 'ä ö'}], self.kinesis.list_tags_for_resource(ResourceARN=arn)['Tags'])

    def test_retention(self):
        name = self.create()
        hours = lambda: self.kinesis.describe_stream(StreamName=name)['StreamDescription']['RetentionPeriodHours']
        self.kinesis.increase_stream_retention_period(StreamName=name, RetentionPeriodHours=48)
        self.active(name)
        self.assertEqual(48, hours())
        with self.refused('InvalidArgumentException'):
            self.kinesis.increase_stream_retention_period(StreamName=name, RetentionPeriodHours=36)
        with self.refused('InvalidArgumentException'):
            self.kinesis.increase_stream_retention_period(StreamName=name, RetentionPeriodHours=8761)
        self.kinesis.decrease_stream_retention_period(StreamName=name, RetentionPeriodHours=24)
        self.active(name)
        self.assertEqual(24, hours())
        with self.refused('InvalidArgumentException'):
            self.kinesis.decrease_stream_retention_period(StreamName=name, RetentionPeriodHours=23)

    def test_limits(self):
        before = self.kinesis.describe_limits()
        self.assertLessEqual(before['OpenShardCount'], before['ShardLimit'])
