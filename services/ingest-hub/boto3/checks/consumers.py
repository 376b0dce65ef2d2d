"""Consumers with a throughput of their own, and what is pushed to them."""
from common import KinesisTest


class Consumers(KinesisTest):
    def register(self, arn, name):
        consumer = self.kinesis.register_stream_consumer(StreamARN=arn, ConsumerName=name)['Consumer']
        describe = lambda: self.kinesis.describe_stream_consumer(ConsumerARN=consumer['ConsumerARN'])['ConsumerDescription']
        self.eventually(lambda: describe()['ConsumerStatus'] == 'ACTIVE')
        return consumer

    def test_registering(self):
        stream = self.create()
        arn = self.arn(stream)
        consumer = self.register(arn, 'billing')
        self.assertRegex(consumer['ConsumerARN'], f'^{arn}/consumer/billing:\\d{{10}}$')
        by_arn = self.kinesis.describe_stream_consumer(ConsumerARN=consumer['ConsumerARN'])['ConsumerDescription']
        by_name = self.kinesis.describe_stream_consumer(StreamARN=arn, ConsumerName='billing')['ConsumerDescription']
        self.assertEqual((arn, 'billing'), (by_arn['StreamARN'], by_arn['ConsumerName']))
        self.assertEqual(by_arn, by_name)
        self.assertEqual(1, self.kinesis.describe_stream_summary(StreamName=stream)['StreamDescriptionSummary']['ConsumerCount'])
        with self.refused('ResourceInUseException'):
            self.kinesis.register_stream_consumer(StreamARN=arn, ConsumerName='billing')
        with self.refused('ResourceNotFoundException'):
            self.kinesis.describe_stream_consumer(StreamARN=arn, ConsumerName='nobody')
        self.kinesis.deregister_stream_consumer(ConsumerARN=consumer['ConsumerARN'])
        self.eventually(lambda: self.kinesis.list_stream_consumers(StreamARN=arn)['Consumers'] == [])
        with self.refused('ResourceNotFoundException'):
            self.kinesis.describe_stream_consumer(ConsumerARN=consumer['ConsumerARN'])

    def test_lists(self):
        arn = self.arn(self.create())
        names = [f'consumer-{i}' for i in range(3)]
        for name in names:
            self.register(arn, name)
        first = self.kinesis.list_stream_consumers(StreamARN=arn, MaxResults=2)
        self.assertEqual(2, len(first['Consumers']))
        rest = self.kinesis.list_stream_consumers(StreamARN=arn, NextToken=first['NextToken'])
        self.assertNotIn('NextToken', rest)
        self.assertEqual(sorted(names), sorted(consumer['ConsumerName'] for consumer in first['Consumers'] + rest['Consumers']))
        pages = self.kinesis.get_paginator('list_stream_consumers').paginate(StreamARN=arn, PaginationConfig={'PageSize': 1})
        self.assertEqual(3, sum(len(page['Consumers']) for page in pages))

    def test_a_stream_with_consumers_is_not_deleted_by_mistake(self):
        stream = self.create()
        self.register(self.arn(stream), 'billing')
        with self.refused('ResourceInUseException'):
            self.kinesis.delete_stream(StreamName=stream)
        self.kinesis.delete_stream(StreamName=stream, EnforceConsumerDeletion=True)

    def test_subscribing(self):
        stream = self.create()
        consumer = self.register(self.arn(stream), 'billing')
        put = [self.kinesis.put_record(StreamName=stream, PartitionKey='k', Data=f'{i}')['SequenceNumber'] for i in range(3)]
        self.kinesis.split_shard(StreamName=stream, ShardToSplit='shardId-000000000000', NewStartingHashKey=str(2**127))
        self.active(stream)
        answer = self.kinesis.subscribe_to_shard(
            ConsumerARN=consumer['ConsumerARN'], ShardId='shardId-000000000000', StartingPosition={'Type': 'AFTER_SEQUENCE_NUMBER', 'SequenceNumber': put[0]})
        events = [event['SubscribeToShardEvent'] for event in answer['EventStream']]
        self.assertEqual(put[1:], [record['SequenceNumber'] for event in events for record in event['Records']])
        self.assertEqual(2, len(events[-1]['ChildShards']))
        unknown = consumer['ConsumerARN'][:-10] + '1000000000'
        with self.refused('ResourceNotFoundException'):
            self.kinesis.subscribe_to_shard(ConsumerARN=unknown, ShardId='shardId-000000000000', StartingPosition={'Type': 'LATEST'})
