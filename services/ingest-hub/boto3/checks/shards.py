"""Splits, merges, rescales and lists shards, and reads across these changes."""
import datetime
import time

from common import HIGHEST_HASH_KEY, KinesisTest

MIDDLE = 2**127


class Shards(KinesisTest):
    def shards(self, name, **options):
        return self.kinesis.list_shards(StreamName=name, **options)['Shards']

    def ids(self, name, kind, **filters):
        return [int(shard['ShardId'][-12:]) for shard in self.shards(name, ShardFilter={'Type': kind, **filters})]

    def open(self, name):
        return [shard for shard in self.shards(name) if 'EndingSequenceNumber' not in shard['SequenceNumberRange']]

    def split(self, name, shard='shardId-000000000000', at=MIDDLE):
        self.kinesis.split_shard(StreamName=name, ShardToSplit=shard, NewStartingHashKey=str(at))
        self.active(name)

    def put(self, name, text, hash_key):
        return self.kinesis.put_record(StreamName=name, PartitionKey='k', Data=text, ExplicitHashKey=str(hash_key))

    def test_reading_through_a_split(self):
        name = self.create()
        for i in range(10):
            self.put(name, f'before-{i}', i)
        self.split(name)
        lower, upper = self.put(name, 'lower', MIDDLE - 1), self.put(name, 'upper', MIDDLE)
        self.assertEqual(('shardId-000000000001', 'shardId-000000000002'), (lower['ShardId'], upper['ShardId']))
        iterator, read, children = self.iterator(name), [], None
        while iterator is not None:
            answer = self.kinesis.get_records(ShardIterator=iterator, Limit=4)
            read += [record['Data'].decode() for record in answer['Records']]
            iterator, children = answer.get('NextShardIterator'), answer.get('ChildShards')
        self.assertEqual([f'before-{i}' for i in range(10)], read)
        self.assertEqual([lower['ShardId'], upper['ShardId']], [child['ShardId'] for child in children])
        self.assertEqual([['shardId-000000000000']] * 2, [child['ParentShards'] for child in children])
        self.assertEqual(str(MIDDLE), children[1]['HashKeyRange']['StartingHashKey'])
        for child, text in zip(children, (b'lower', b'upper')):
            self.assertEqual([text], [record['Data'] for record in self.read(self.iterator(name, child['ShardId']), 1)])
        parent, *described = self.shards(name)
        self.assertIn('EndingSequenceNumber', parent['SequenceNumberRange'])
        self.assertEqual([parent['ShardId']] * 2, [shard['ParentShardId'] for shard in described])
        self.assertLess(int(parent['SequenceNumberRange']['EndingSequenceNumber']), int(lower['SequenceNumber']))

    def test_the_tip_of_a_closed_shard_is_its_end(self):
        name = self.create()
        self.put(name, 'before', 0)
        self.split(name)
        answer = self.kinesis.get_records(ShardIterator=self.iterator(name, kind='LATEST'))
        if 'NextShardIterator' in answer:
            answer = self.kinesis.get_records(ShardIterator=answer['NextShardIterator'])
        self.assertEqual(([], 2), (answer['Records'], len(answer['ChildShards'])))
        self.assertNotIn('NextShardIterator', answer)

    def test_filters(self):
        name = self.create()
        before = datetime.datetime.now(datetime.timezone.utc)
        time.sleep(1)
        self.split(name)
        time.sleep(1)
        after = datetime.datetime.now(datetime.timezone.utc)
        self.assertEqual([1, 2], self.ids(name, 'AT_LATEST'))
        self.assertEqual([0], self.ids(name, 'AT_TRIM_HORIZON'))
        self.assertEqual([0, 1, 2], self.ids(name, 'FROM_TRIM_HORIZON'))
        self.assertEqual([0], self.ids(name, 'AT_TIMESTAMP', Timestamp=before))
        self.assertEqual([1, 2], self.ids(name, 'AT_TIMESTAMP', Timestamp=after))
        self.assertEqual([0, 1, 2], self.ids(name, 'FROM_TIMESTAMP', Timestamp=before))
        self.assertEqual([1, 2], self.ids(name, 'FROM_TIMESTAMP', Timestamp=after))
        self.assertEqual([2], self.ids(name, 'AFTER_SHARD_ID', ShardId='shardId-000000000001'))
        with self.refused('InvalidArgumentException'):
            self.ids(name, 'AT_TIMESTAMP')

    def test_pages(self):
        name = self.create(5)
        first = self.kinesis.list_shards(StreamName=name, MaxResults=2)
        second = self.kinesis.list_shards(NextToken=first['NextToken'], MaxResults=2)
        self.assertEqual(['shardId-000000000002', 'shardId-000000000003'], [shard['ShardId'] for shard in second['Shards']])
        pages = self.kinesis.get_paginator('list_shards').paginate(StreamName=name, PaginationConfig={'PageSize': 5})
        self.assertEqual([5], [len(page['Shards']) for page in pages])
        self.assertEqual(2, len(self.shards(name, ExclusiveStartShardId='shardId-000000000002')))
        with self.refused('InvalidArgumentException'):
            self.kinesis.list_shards(StreamName=name, NextToken=first['NextToken'])
        with self.refused('InvalidArgumentException', says='Invalid NextToken.'):
            self.kinesis.list_shards(NextToken='made-up')
        filters = {'Type': 'AFTER_SHARD_ID', 'ShardId': 'shardId-000000000001'}
        page = self.kinesis.list_shards(StreamName=name, ShardFilter=filters, MaxResults=1)
        found = [shard['ShardId'] for shard in page['Shards']]
        while 'NextToken' in page:
            page = self.kinesis.list_shards(NextToken=page['NextToken'], MaxResults=1)
            found += [shard['ShardId'] for shard in page['Shards']]
        self.assertEqual(['shardId-000000000002', 'shardId-000000000003', 'shardId-000000000004'], found)

    def test_merging(self):
        name = self.create(3)
        zero, one, two = (f'shardId-{i:012}' for i in range(3))
        with self.refused('InvalidArgumentException'):
            self.kinesis.merge_shards(StreamName=name, ShardToMerge=zero, AdjacentShardToMerge=two)
        self.kinesis.merge_shards(StreamName=name, ShardToMerge=zero, AdjacentShardToMerge=one)
        self.active(name)
        merged = self.shards(name)[-1]
        self.assertEqual((zero, one), (merged['ParentShardId'], merged['AdjacentParentShardId']))
        self.assertEqual('0', merged['HashKeyRange']['StartingHashKey'])
        self.assertEqual(merged['ShardId'], self.put(name, 'after', 0)['ShardId'])
        for parent in (zero, one):
            [child] = self.kinesis.get_records(ShardIterator=self.iterator(name, parent))['ChildShards']
            self.assertEqual((merged['ShardId'], [zero, one]), (child['ShardId'], child['ParentShards']))
        with self.refused('ResourceNotFoundException'):
            self.kinesis.merge_shards(StreamName=name, ShardToMerge='shardId-000000000077', AdjacentShardToMerge=two)

    def test_splits_that_are_refused(self):
        name = self.create()
        for hash_key in (0, 1, HIGHEST_HASH_KEY):
            with self.refused('InvalidArgumentException'):
                self.split(name, at=hash_key)
        with self.refused('ResourceNotFoundException'):
            self.split(name, shard='shardId-000000000005')
        self.split(name)
        says = (f'Shard shardId-000000000000 in stream {name} under account 000000000000 has already been merged or '
                'split, and thus is not eligible for merging or splitting.')
        with self.refused('InvalidArgumentException', says=says):
            self.split(name)

    def test_on_demand_shards_are_not_changed(self):
        name = self.create(None)
        says = f'Request is invalid. Stream {name} under account 000000000000 is in On-Demand mode.'
        shard, adjacent = 'shardId-000000000000', 'shardId-000000000001'
        with self.refused('ValidationException', says=says):
            self.kinesis.update_shard_count(StreamName=name, TargetShardCount=2, ScalingType='UNIFORM_SCALING')
        with self.refused('ValidationException', says=says):
            self.kinesis.split_shard(StreamName=name, ShardToSplit=shard, NewStartingHashKey='10')
        with self.refused('ValidationException', says=says):
            self.kinesis.merge_shards(StreamName=name, ShardToMerge=shard, AdjacentShardToMerge=adjacent)

    def test_the_examples_of_the_aws_cli_in_a_row(self):
        name = self.create(3)
        numbers = lambda shards: [int(shard['ShardId'][-12:]) for shard in shards]
        answer = self.kinesis.update_shard_count(StreamName=name, TargetShardCount=6, ScalingType='UNIFORM_SCALING')
        self.assertEqual((3, 6), (answer['CurrentShardCount'], answer['TargetShardCount']))
        self.active(name)
        self.assertEqual(list(range(9)), numbers(self.shards(name)))
        self.assertEqual(list(range(3, 9)), numbers(self.open(name)))
        self.split(name, 'shardId-000000000003', at=10)
        pair = {'ShardToMerge': 'shardId-000000000004', 'AdjacentShardToMerge': 'shardId-000000000005'}
        self.kinesis.merge_shards(StreamName=name, **pair)
        self.active(name)
        self.assertEqual([6, 7, 8, 9, 10, 11], numbers(self.open(name)))
        self.assertEqual([6, 7, 8, 9, 10, 11], numbers(self.shards(name, ExclusiveStartShardId='shardId-000000000005')))

    def test_rescaling(self):
        name = self.create(2)
        for target in (4, 3, 2):
            answer = self.kinesis.update_shard_count(StreamName=name, TargetShardCount=target, ScalingType='UNIFORM_SCALING')
            self.assertEqual((name, target), (answer['StreamName'], answer['TargetShardCount']))
            self.active(name)
            sizes = [int(shard['HashKeyRange']['EndingHashKey']) - int(shard['HashKeyRange']['StartingHashKey']) + 1 for shard in self.open(name)]
            self.assertEqual((target, 2**128), (len(sizes), sum(sizes)))
            self.assertLessEqual(max(sizes) - min(sizes), target)
        with self.refused('InvalidArgumentException'):
            self.kinesis.update_shard_count(StreamName=name, TargetShardCount=5, ScalingType='UNIFORM_SCALING')
