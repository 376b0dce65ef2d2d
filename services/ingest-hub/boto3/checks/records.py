"""Putting records, and reading them from every kind of iterator."""
import datetime
import hashlib
import time

from common import HIGHEST_HASH_KEY, KinesisTest

KIB = 1024


class Records(KinesisTest):
    def test_one_record(self):
        name = self.create(2)
        data = bytes(range(256))
        put = self.kinesis.put_record(StreamName=name, PartitionKey='schlüssel-✓', Data=data)
        upper = int(hashlib.md5('schlüssel-✓'.encode()).hexdigest(), 16) > HIGHEST_HASH_KEY // 2
        self.assertEqual(f'shardId-{int(upper):012}', put['ShardId'])
        [record] = self.read(self.iterator(name, put['ShardId']), 1)
        self.assertEqual((data, 'schlüssel-✓', put['SequenceNumber']), (record['Data'], record['PartitionKey'], record['SequenceNumber']))
        age = datetime.datetime.now(datetime.timezone.utc) - record['ApproximateArrivalTimestamp']
        self.assertLess(abs(age.total_seconds()), 30)

    def test_order(self):
        name = self.create(4)
        numbers = []
        for i in range(5):
            ordering = {'SequenceNumberForOrdering': numbers[-1]} if numbers else {}
            numbers.append(self.kinesis.put_record(StreamName=name, PartitionKey='one', Data=str(i), **ordering)['SequenceNumber'])
        self.assertEqual(sorted(numbers, key=int), numbers)

    def test_sizes_and_hash_keys(self):
        name = self.create(4)
        sizes = [0, 1, 100, 10 * KIB, 300 * KIB, KIB * KIB - 1]
        records = [
            {'Data': bytes([i]) * size, 'PartitionKey': 'k', 'ExplicitHashKey': str(i % 4 * 2**126 + i)}
            for i, size in enumerate(sizes)] + [{'Data': b'last', 'PartitionKey': 'k', 'ExplicitHashKey': str(HIGHEST_HASH_KEY)}]
        answer = self.kinesis.put_records(StreamName=name, Records=records)
        self.assertEqual(0, answer['FailedRecordCount'])
        self.assertEqual([f'shardId-{i % 4:012}' for i in range(6)] + ['shardId-000000000003'], [record['ShardId'] for record in answer['Records']])
        stored = {}
        for shard in range(4):
            shard_id = f'shardId-{shard:012}'
            expected = [record for record in answer['Records'] if record['ShardId'] == shard_id]
            for record in self.read(self.iterator(name, shard_id), len(expected)):
                stored[shard_id, record['SequenceNumber']] = record['Data']
        for put, answered in zip(records, answer['Records']):
            self.assertTrue(put['Data'] == stored[answered['ShardId'], answered['SequenceNumber']], f'{len(put["Data"])} bytes came back differently')

    def test_many(self):
        name = self.create()
        for _ in range(4):
            answer = self.kinesis.put_records(StreamName=name, Records=[{'Data': f'{i}' * 20, 'PartitionKey': str(i)} for i in range(500)])
            self.assertEqual(0, answer['FailedRecordCount'])
        numbers = [int(record['SequenceNumber']) for record in self.read(self.iterator(name), 2000)]
        self.assertEqual(sorted(set(numbers)), numbers)
        first = self.kinesis.get_records(ShardIterator=self.iterator(name), Limit=7)
        self.assertEqual(7, len(first['Records']))
        self.assertGreaterEqual(first['MillisBehindLatest'], 0)
        following = self.kinesis.get_records(ShardIterator=first['NextShardIterator'], Limit=1)
        self.assertEqual(numbers[7], int(following['Records'][0]['SequenceNumber']))

    def test_iterators(self):
        name = self.create()
        put = lambda text: self.kinesis.put_record(StreamName=name, PartitionKey='k', Data=text)['SequenceNumber']
        texts = lambda iterator, count: [record['Data'].decode() for record in self.read(iterator, count)]
        begun = datetime.datetime.now(datetime.timezone.utc)
        numbers = [put(f'early-{i}') for i in range(3)]
        time.sleep(0.3)
        between = datetime.datetime.now(datetime.timezone.utc)
        time.sleep(0.3)
        numbers += [put(f'late-{i}') for i in range(3)]
        late = ['late-0', 'late-1', 'late-2']
        everything = ['early-0', 'early-1', 'early-2'] + late
        self.assertEqual(everything, texts(self.iterator(name), 6))
        self.assertEqual(everything[1:], texts(self.iterator(name, kind='AT_SEQUENCE_NUMBER', StartingSequenceNumber=numbers[1]), 5))
        self.assertEqual(everything[2:], texts(self.iterator(name, kind='AFTER_SEQUENCE_NUMBER', StartingSequenceNumber=numbers[1]), 4))
        self.assertEqual(late, texts(self.iterator(name, kind='AT_TIMESTAMP', Timestamp=between), 3))
        self.assertEqual(everything, texts(self.iterator(name, kind='AT_TIMESTAMP', Timestamp=begun - datetime.timedelta(hours=1)), 6))
        self.assertEqual([], texts(self.iterator(name, kind='AT_TIMESTAMP', Timestamp=datetime.datetime.now(datetime.timezone.utc)), 0))
        tip = self.kinesis.get_records(ShardIterator=self.iterator(name, kind='LATEST'))
        self.assertEqual(([], 0), (tip['Records'], tip['MillisBehindLatest']))
        put('newest')
        self.assertEqual(['newest'], texts(tip['NextShardIterator'], 1))
        starting = self.kinesis.describe_stream(StreamName=name)['StreamDescription']['Shards'][0]['SequenceNumberRange']['StartingSequenceNumber']
        self.assertEqual(everything + ['newest'], texts(self.iterator(name, kind='AT_SEQUENCE_NUMBER', StartingSequenceNumber=starting), 7))

    def test_a_record_is_as_large_as_its_data_and_its_key(self):
        name = self.create()
        too_long = 'failed to satisfy constraint: Member must have length less than or equal to 1048576'
        for key, key_bytes in (('k', 1), ('✓' * 256, 768)):
            largest = bytes(KIB * KIB - key_bytes)
            self.kinesis.put_record(StreamName=name, PartitionKey=key, Data=largest)
            one = '1 validation error detected: Value at'
            with self.refused('ValidationException', says=f"{one} 'data' {too_long}"):
                self.kinesis.put_record(StreamName=name, PartitionKey=key, Data=largest + b'1')
            records = [{'Data': b'', 'PartitionKey': 'k'}, {'Data': largest + b'1', 'PartitionKey': key}]
            with self.refused('ValidationException', says=f"{one} 'records.2.member.data' {too_long}"):
                self.kinesis.put_records(StreamName=name, Records=records)
        self.read(self.iterator(name), 2)

    def test_an_iterator_in_quotation_marks(self):
        name = self.create()
        self.kinesis.put_record(StreamName=name, PartitionKey='k', Data=b'1')
        iterator = self.iterator(name)
        self.assertEqual(1, len(self.read(f'"{iterator}"', 1)))
        for wrong in (f'"{iterator}', f'{iterator}"', f"'{iterator}'", f'""{iterator}""', '""'):
            with self.refused('InvalidArgumentException', says='Invalid ShardIterator.'):
                self.kinesis.get_records(ShardIterator=wrong)

    def test_what_is_refused(self):
        name = self.create()
        with self.refused('ResourceNotFoundException'):
            self.iterator(name, 'shardId-000000000009')
        with self.refused('InvalidArgumentException'):
            self.iterator(name, kind='AT_SEQUENCE_NUMBER')
        with self.refused('InvalidArgumentException'):
            self.iterator(name, kind='AT_TIMESTAMP', Timestamp=datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=1))
        with self.refused('ValidationException'):
            self.iterator(name, kind='SOMEWHERE')
        with self.refused('InvalidArgumentException'):
            self.kinesis.get_records(ShardIterator='AAAA')
        with self.refused('InvalidArgumentException'):
            self.kinesis.put_record(StreamName=name, PartitionKey='k', Data=b'', ExplicitHashKey=str(2**128))
        with self.refused('ValidationException'):
            self.kinesis.put_record(StreamName=name, PartitionKey='k', Data=b'', ExplicitHashKey='-1')
        with self.refused('ValidationException'):
            self.kinesis.put_record(StreamName=name, PartitionKey='k' * 257, Data=b'')
        with self.refused('ValidationException', says='500'):
            self.kinesis.put_records(StreamName=name, Records=[{'Data': b'', 'PartitionKey': 'k'}] * 501)
