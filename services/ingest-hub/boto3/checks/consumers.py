"""Enhanced fan-out: registered consumers, and the records that are pushed to them."""
import json

from common import KinesisTest


def elsewhere(arn):
    """Returns the ARN with another region."""
    return arn.replace(':us-east-1:', ':eu-west-1:')


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
        with self.refused('ResourceNotFoundException', says='Consumer nobody, account 000000000000 not found.'):
            self.kinesis.describe_stream_consumer(StreamARN=arn, ConsumerName='nobody')
        self.kinesis.deregister_stream_consumer(ConsumerARN=consumer['ConsumerARN'])
        self.eventually(lambda: self.kinesis.list_stream_consumers(StreamARN=arn)['Consumers'] == [])
        with self.refused('ResourceNotFoundException'):
            self.kinesis.describe_stream_consumer(ConsumerARN=consumer['ConsumerARN'])

    def test_the_region_of_an_arn_does_not_matter(self):
        stream = self.create(Tags={'a': 'b'})
        arn = self.arn(stream)
        consumer = self.register(elsewhere(arn), 'billing')['ConsumerARN']
        self.assertEqual(f'{arn}/consumer/billing', consumer.rpartition(':')[0])
        for one in (arn, consumer):
            self.kinesis.tag_resource(ResourceARN=elsewhere(one), Tags={'c': 'd'})
            tags = self.kinesis.list_tags_for_resource(ResourceARN=elsewhere(one))['Tags']
            self.assertIn({'Key': 'c', 'Value': 'd'}, tags)
            self.kinesis.untag_resource(ResourceARN=elsewhere(one), TagKeys=['c'])
            self.assertEqual('{}', self.kinesis.get_resource_policy(ResourceARN=elsewhere(one))['Policy'])
        found = self.kinesis.describe_stream_consumer(ConsumerARN=elsewhere(consumer))['ConsumerDescription']
        self.assertEqual((consumer, arn), (found['ConsumerARN'], found['StreamARN']))
        self.assertEqual(1, len(self.kinesis.list_stream_consumers(StreamARN=elsewhere(arn))['Consumers']))
        for call in ('describe_stream', 'describe_stream_summary', 'list_shards', 'list_tags_for_stream'):
            getattr(self.kinesis, call)(StreamARN=elsewhere(arn))
        put = self.kinesis.put_record(StreamARN=elsewhere(arn), PartitionKey='k', Data=b'1')['SequenceNumber']
        iterator = self.kinesis.get_shard_iterator(
            StreamARN=elsewhere(arn), ShardId='shardId-000000000000', ShardIteratorType='TRIM_HORIZON')
        self.kinesis.get_records(StreamARN=elsewhere(arn), ShardIterator=iterator['ShardIterator'])
        answer = self.kinesis.subscribe_to_shard(
            ConsumerARN=elsewhere(consumer), ShardId='shardId-000000000000', StartingPosition={'Type': 'TRIM_HORIZON'})
        event = next(iter(answer['EventStream']))['SubscribeToShardEvent']
        self.assertEqual([put], [record['SequenceNumber'] for record in event['Records']])
        answer['EventStream'].close()
        self.kinesis.deregister_stream_consumer(ConsumerARN=elsewhere(consumer))
        self.kinesis.delete_stream(StreamARN=elsewhere(arn))

    def test_policies(self):
        arn = self.arn(self.create())
        consumer = self.register(arn, 'billing')['ConsumerARN']
        for one in (arn, consumer):
            principal = {'AWS': '123456789012'}
            statement = {'Effect': 'Allow', 'Principal': principal, 'Action': 'kinesis:GetRecords', 'Resource': one}
            text = json.dumps({'Version': '2012-10-17', 'Statement': [statement]})
            policy = lambda: self.kinesis.get_resource_policy(ResourceARN=one)['Policy']
            self.assertEqual('{}', policy())
            with self.refused('ResourceNotFoundException', says=f'No resource policy found for resource ARN {one}.'):
                self.kinesis.delete_resource_policy(ResourceARN=one)
            self.kinesis.put_resource_policy(ResourceARN=one, Policy=text)
            self.assertEqual(text, policy())
            without = lambda name: {'Statement': [{key: value for key, value in statement.items() if key != name}]}
            wrong = [
                {}, {'Statement': []}, {'Version': '2020-01-01', 'Statement': statement},
                {'Statement': {**statement, 'Effect': 'allow'}}, *(without(name) for name in statement)]
            wrong = ['', 'x', '{', 'null', '[]', text + ' ' * 20480, *map(json.dumps, wrong)]
            for refused in wrong:
                with self.refused('InvalidArgumentException', says='The policy '):
                    self.kinesis.put_resource_policy(ResourceARN=one, Policy=refused)
            self.assertEqual(text, policy())
            self.kinesis.put_resource_policy(ResourceARN=one, Policy=json.dumps({'Statement': statement}))
            self.kinesis.delete_resource_policy(ResourceARN=one)
            self.assertEqual('{}', policy())
        unknown, account = f'{arn}-unknown', arn.split(':')[4]
        for call, arguments in (('get', {}), ('put', {'Policy': text}), ('delete', {})):
            with self.refused('ResourceNotFoundException', says=f'Stream {unknown} under account {account} not found.'):
                getattr(self.kinesis, f'{call}_resource_policy')(ResourceARN=unknown, **arguments)

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
        says = (f"DeleteStream can't delete {self.arn(stream)} because there are consumers associated with this data "
                f'stream. To delete {stream} anyway, set the EnforceConsumerDeletion parameter to true')
        with self.refused('ResourceInUseException', says=says):
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
