"""Deploys a function with AWS's client for Python; only the endpoint and the keys differ from AWS."""
import io
import json
import os
import unittest
import urllib.request
import zipfile

import boto3

FUNCTION = os.environ['FUNCTION_NAME']
ROLE = 'arn:aws:iam::000000000000:role/functions'


def archive(text):
    """Returns a compressed zip archive with one module."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, 'w', zipfile.ZIP_DEFLATED) as file:
        file.writestr('src/app.mjs', text)
    return data.getvalue()


class Functions(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        keys = {'aws_access_key_id': 'test', 'aws_secret_access_key': 'test', 'region_name': 'us-east-1'}
        cls.client = boto3.client('lambda', endpoint_url=os.environ['LAMBDA_URL'], **keys)

    def invoke(self, **more):
        answer = self.client.invoke(FunctionName=FUNCTION, **more)
        return json.loads(answer['Payload'].read()), answer['ExecutedVersion']

    def test_from_creation_to_removal(self):
        client = self.client
        one = archive("export const handler = async () => process.env.MOOD + ' one'")
        created = client.create_function(
            FunctionName=FUNCTION, Runtime='nodejs24.x', Role=ROLE, Handler='src/app.handler', Code={'ZipFile': one}, Publish=True,
            Environment={'Variables': {'MOOD': 'good'}}, Tags={'team': 'a'})
        self.assertEqual((created['State'], created['Version'], created['CodeSize']), ('Pending', '1', len(one)))
        client.get_waiter('function_active_v2').wait(FunctionName=FUNCTION)
        self.assertEqual(self.invoke(), ('good one', '$LATEST'))

        two = archive("export const handler = async () => process.env.MOOD + ' two'")
        client.update_function_code(FunctionName=FUNCTION, ZipFile=two, RevisionId=client.get_function_configuration(FunctionName=FUNCTION)['RevisionId'])
        client.get_waiter('function_updated_v2').wait(FunctionName=FUNCTION)
        client.create_alias(FunctionName=FUNCTION, Name='live', FunctionVersion='1')
        self.assertEqual(self.invoke(), ('good two', '$LATEST'))
        self.assertEqual(self.invoke(Qualifier='live'), ('good one', '1'))
        with self.assertRaises(client.exceptions.PreconditionFailedException):
            client.update_function_code(FunctionName=FUNCTION, ZipFile=two, RevisionId=created['RevisionId'])
        with self.assertRaises(client.exceptions.ResourceConflictException):
            client.create_function(FunctionName=FUNCTION, Runtime='nodejs24.x', Role=ROLE, Handler='a.b', Code={'ZipFile': one})

        found = client.get_function(FunctionName=FUNCTION)
        self.assertEqual(found['Tags'], {'team': 'a'})
        with urllib.request.urlopen(found['Code']['Location']) as answer:
            self.assertEqual(answer.read(), two)
        pages = client.get_paginator('list_functions').paginate(PaginationConfig={'PageSize': 1})
        self.assertIn(FUNCTION, [one['FunctionName'] for page in pages for one in page['Functions']])
        versions = client.get_paginator('list_versions_by_function').paginate(FunctionName=FUNCTION)
        self.assertEqual([one['Version'] for page in versions for one in page['Versions']], ['$LATEST', '1'])
        client.delete_function(FunctionName=FUNCTION)
        with self.assertRaises(client.exceptions.ResourceNotFoundException):
            client.get_function(FunctionName=FUNCTION)
