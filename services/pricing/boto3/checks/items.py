"""Items by the resource API, whose conditions and types are boto3's own."""
from decimal import Decimal

from boto3.dynamodb.conditions import Attr, Key
from boto3.dynamodb.types import Binary
from botocore.exceptions import ClientError

from common import TableTest


class Items(TableTest):
    def test_every_type_comes_back(self):
        table = self.create()
        item = {
            'id': 'a', 'text': 'ü', 'empty': '', 'number': Decimal('12345678901234567890.123456789'), 'yes': True, 'nothing': None,
            'bytes': b'\x00\xff', 'list': [Decimal(1), 'two', [Decimal(3)]], 'map': {'deep': {'er': Decimal('-0.5')}},
            'strings': {'a', 'b'}, 'numbers': {Decimal(1), Decimal('2.5')}, 'blobs': {b'x', b'y'}}
        table.put_item(Item=item)
        found = table.get_item(Key={'id': 'a'}, ConsistentRead=True)['Item']
        self.assertEqual({**item, 'bytes': Binary(b'\x00\xff'), 'blobs': {Binary(b'x'), Binary(b'y')}}, found)

    def test_conditions(self):
        table = self.create()
        table.put_item(Item={'id': 'a', 'price': Decimal(10), 'tags': ['x'], 'name': 'sneaker'}, ConditionExpression=Attr('id').not_exists())
        with self.refused('ConditionalCheckFailedException'):
            table.put_item(Item={'id': 'a'}, ConditionExpression=Attr('id').not_exists())
        for condition in [
                Attr('price').gt(Decimal('9.99')) & Attr('price').lte(10), Attr('name').begins_with('sne') & ~Attr('gone').exists(),
                Attr('tags').contains('x') | Attr('price').eq(0), Attr('price').between(1, 10), Attr('name').is_in(['boot', 'sneaker']),
                Attr('name').size().eq(7), Attr('price').attribute_type('N'), Attr('price').ne(11)]:
            table.update_item(
                Key={'id': 'a'}, UpdateExpression='ADD #n :one', ConditionExpression=condition,
                ExpressionAttributeNames={'#n': 'count'}, ExpressionAttributeValues={':one': Decimal(1)})
        self.assertEqual(Decimal(8), table.get_item(Key={'id': 'a'}, ConsistentRead=True)['Item']['count'])
        with self.assertRaises(ClientError) as caught:
            table.delete_item(Key={'id': 'a'}, ConditionExpression=Attr('price').lt(10), ReturnValuesOnConditionCheckFailure='ALL_OLD')
        self.assertEqual({'N': '10'}, caught.exception.response['Item']['price'])

    def test_updates_return_what_was_asked_for(self):
        table = self.create()
        update = dict(Key={'id': 'a'}, UpdateExpression='SET price = :p, #l = list_append(if_not_exists(#l, :none), :one)',
                      ExpressionAttributeNames={'#l': 'list'}, ExpressionAttributeValues={':p': 1, ':none': [], ':one': ['x']})
        self.assertEqual({'id': 'a', 'price': 1, 'list': ['x']}, table.update_item(**update, ReturnValues='ALL_NEW')['Attributes'])
        self.assertEqual({'price': 1, 'list': ['x', 'x']}, table.update_item(**update, ReturnValues='UPDATED_NEW')['Attributes'])
        self.assertEqual({'price': 1, 'list': ['x', 'x']}, table.update_item(**update, ReturnValues='UPDATED_OLD')['Attributes'])
        removed = table.update_item(Key={'id': 'a'}, UpdateExpression='REMOVE #l[0], price', ExpressionAttributeNames={'#l': 'list'}, ReturnValues='ALL_NEW')
        self.assertEqual({'id': 'a', 'list': ['x', 'x']}, removed['Attributes'])
        self.assertEqual('a', table.delete_item(Key={'id': 'a'}, ReturnValues='ALL_OLD')['Attributes']['id'])

    def test_batches_queries_and_pages(self):
        table = self.create(sort='N')
        with table.batch_writer(overwrite_by_pkeys=['id', 'at']) as batch:
            for at in range(60):
                batch.put_item(Item={'id': 'a', 'at': at, 'odd': at % 2 == 1})
            batch.delete_item(Key={'id': 'a', 'at': 59})
        found = table.query(KeyConditionExpression=Key('id').eq('a') & Key('at').between(10, 19), ScanIndexForward=False, FilterExpression=Attr('odd').eq(True))
        self.assertEqual([19, 17, 15, 13, 11], [int(item['at']) for item in found['Items']])
        self.assertEqual((5, 10), (found['Count'], found['ScannedCount']))
        pages = self.client.get_paginator('query').paginate(
            TableName=table.name, KeyConditionExpression=Key('id').eq('a'), ConsistentRead=True, PaginationConfig={'PageSize': 25})
        self.assertEqual([25, 25, 9], [page['Count'] for page in pages])
        scanned = [item for page in self.client.get_paginator('scan').paginate(TableName=table.name, Limit=20) for item in page['Items']]
        self.assertEqual(59, len(scanned))
        keys = [{'id': 'a', 'at': at} for at in (1, 2, 99)]
        answered = self.dynamodb.batch_get_item(RequestItems={table.name: {'Keys': keys, 'ProjectionExpression': '#at', 'ExpressionAttributeNames': {'#at': 'at'}}})
        self.assertEqual([1, 2], sorted(int(item['at']) for item in answered['Responses'][table.name]))

    def test_what_is_wrong_is_refused(self):
        table = self.create()
        with self.refused('ValidationException'):
            table.put_item(Item={'name': 'without a key'})
        with self.refused('ValidationException'):
            table.update_item(Key={'id': 'a'}, UpdateExpression='SET')
        with self.refused('ValidationException'):
            table.put_item(Item={'id': 'a', 'large': 'x' * 410_000})
        with self.refused('ResourceNotFoundException'):
            self.dynamodb.Table('no-such-table').get_item(Key={'id': 'a'})
        with self.refused('ResourceInUseException'):
            self.client.create_table(
                TableName=table.name, BillingMode='PAY_PER_REQUEST', AttributeDefinitions=[{'AttributeName': 'id', 'AttributeType': 'S'}],
                KeySchema=[{'AttributeName': 'id', 'KeyType': 'HASH'}])
