"""Change streams."""
import boto3

from common import ACCESS, TableTest


class Streams(TableTest):
    def test_changes_in_their_order(self):
        table = self.create(StreamSpecification={'StreamEnabled': True, 'StreamViewType': 'NEW_AND_OLD_IMAGES'})
        for price in (1, 2):
            table.put_item(Item={'id': 'a', 'price': price})
        table.delete_item(Key={'id': 'a'})
        streams = boto3.client('dynamodbstreams', **ACCESS)
        self.addCleanup(streams.close)
        arn = table.latest_stream_arn
        self.assertEqual([arn], [stream['StreamArn'] for stream in streams.list_streams(TableName=table.name)['Streams']])
        shards = streams.describe_stream(StreamArn=arn)['StreamDescription']['Shards']
        records = [record for shard in shards for record in self.read(streams, arn, shard['ShardId'])]
        images = [(record['eventName'], *(record['dynamodb'].get(name, {}).get('price', {}).get('N') for name in ('OldImage', 'NewImage')))
                  for record in records]
        self.assertEqual([('INSERT', None, '1'), ('MODIFY', '1', '2'), ('REMOVE', '2', None)], images)
        self.assertEqual({'aws:dynamodb'}, {record['eventSource'] for record in records})

    def read(self, streams, arn, shard):
        iterator = streams.get_shard_iterator(StreamArn=arn, ShardId=shard, ShardIteratorType='TRIM_HORIZON')['ShardIterator']
        for _ in range(3):
            answer = streams.get_records(ShardIterator=iterator)
            yield from answer['Records']
            iterator = answer['NextShardIterator']
