"""Helpers of the checks: clients of pricing, and tables that are deleted afterwards."""
import contextlib
import os
import unittest
import uuid

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

ACCESS = dict(
    endpoint_url=os.environ['PRICING_URL'], region_name='us-east-1', aws_access_key_id='test', aws_secret_access_key='test',
    # Every failure is visible.
    config=Config(retries={'total_max_attempts': 1}))


class TableTest(unittest.TestCase):
    def setUp(self):
        self.dynamodb = boto3.resource('dynamodb', **ACCESS)
        self.client = self.dynamodb.meta.client
        self.addCleanup(self.client.close)

    def create(self, sort=None, **options):
        """Creates a table with the key `id`, and a sort key of that type if it is given."""
        attributes = [('id', 'S', 'HASH')] + ([('at', sort, 'RANGE')] if sort else [])
        table = self.dynamodb.create_table(
            TableName=f'boto3-{uuid.uuid4().hex[:10]}', BillingMode='PAY_PER_REQUEST',
            AttributeDefinitions=[{'AttributeName': name, 'AttributeType': kind} for name, kind, _ in attributes],
            KeySchema=[{'AttributeName': name, 'KeyType': role} for name, _, role in attributes], **options)
        table.wait_until_exists()
        self.addCleanup(table.delete)
        return table

    @contextlib.contextmanager
    def refused(self, code):
        with self.assertRaises(ClientError) as caught:
            yield
        self.assertEqual(code, caught.exception.response['Error']['Code'])
