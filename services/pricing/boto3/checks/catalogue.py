"""The catalogue of data: schemas, databases, tables and partitions of Glue."""
import json
import unittest
import uuid

import boto3
from botocore.exceptions import ClientError

from common import ACCESS


class Catalogue(unittest.TestCase):
    def setUp(self):
        self.glue = boto3.client('glue', **ACCESS)
        self.addCleanup(self.glue.close)

    def definition(self, *fields):
        return json.dumps({'type': 'record', 'name': 'Ride', 'fields': [{'name': 'id', 'type': 'string'}, *fields]}, indent=2)

    def test_a_schema_evolves(self):
        name = f'boto3-{uuid.uuid4().hex[:10]}'
        created = self.glue.create_schema(
            SchemaName=name, DataFormat='AVRO', Compatibility='BACKWARD_ALL', SchemaDefinition=self.definition())
        fare = {'name': 'fare', 'type': ['null', 'double'], 'default': None}
        version = self.glue.register_schema_version(SchemaId={'SchemaName': name}, SchemaDefinition=self.definition(fare))
        self.assertEqual(2, version['VersionNumber'])
        self.assertEqual('BACKWARD_ALL', self.glue.get_schema(SchemaId={'SchemaName': name})['Compatibility'])
        read = self.glue.get_schema_version(SchemaVersionId=created['SchemaVersionId'])
        self.assertEqual(self.definition(), read['SchemaDefinition'])
        with self.assertRaises(self.glue.exceptions.InvalidInputException):
            self.glue.register_schema_version(
                SchemaId={'SchemaName': name}, SchemaDefinition=self.definition({'name': 'at', 'type': 'long'}))
        pages = self.glue.get_paginator('list_schemas').paginate(PaginationConfig={'PageSize': 10})
        self.assertIn(name, [schema['SchemaName'] for page in pages for schema in page['Schemas']])

    def test_tables_are_found(self):
        names = [one['Name'] for page in self.glue.get_paginator('get_databases').paginate() for one in page['DatabaseList']]
        self.assertIn('taxi-telemetry', names)
        table = self.glue.get_table(DatabaseName='taxi-telemetry', Name='taxi.telemetry')['Table']
        columns = {column['Name']: column['Type'] for column in table['StorageDescriptor']['Columns']}
        self.assertEqual('string', columns['deviceId'])
        with self.assertRaises(self.glue.exceptions.EntityNotFoundException):
            self.glue.get_table(DatabaseName='taxi-telemetry', Name='nobody')

    def test_tables_and_partitions_are_created(self):
        database = f'boto3_{uuid.uuid4().hex[:10]}'
        self.glue.create_database(DatabaseInput={'Name': database})
        self.addCleanup(self.glue.delete_database, Name=database)
        storage = {'Columns': [{'Name': 'id', 'Type': 'string'}], 'Location': 's3://lake/rides/'}
        self.glue.create_table(DatabaseName=database, TableInput={
            'Name': 'rides', 'PartitionKeys': [{'Name': 'day', 'Type': 'date'}], 'StorageDescriptor': storage})
        self.glue.batch_create_partition(DatabaseName=database, TableName='rides', PartitionInputList=[
            {'Values': [f'2026-11-{day:02}'], 'StorageDescriptor': storage} for day in range(1, 31)])
        pages = self.glue.get_paginator('get_partitions').paginate(
            DatabaseName=database, TableName='rides', PaginationConfig={'PageSize': 7})
        self.assertEqual(30, len([one for page in pages for one in page['Partitions']]))
        with self.assertRaises(ClientError) as refused:
            self.glue.create_database(DatabaseInput={'Name': database})
        self.assertEqual('AlreadyExistsException', refused.exception.response['Error']['Code'])
