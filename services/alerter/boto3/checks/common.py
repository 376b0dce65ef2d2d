"""Helpers of the checks: a client of the alerter, topics that are deleted afterwards, and an HTTP receiver."""
import contextlib
import http.server
import json
import os
import threading
import time
import unittest
import urllib.request
import uuid

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError


def client(access_key='test', secret='test', **config):
    """Does not retry, so that every failure is visible."""
    return boto3.client(
        'sns', endpoint_url=os.environ['ALERTER_URL'], region_name='us-east-1', aws_access_key_id=access_key,
        aws_secret_access_key=secret, config=Config(retries={'total_max_attempts': 1}, **config))


class Receiver:
    """An HTTP server that keeps what it gets, and confirms subscriptions."""

    def __init__(self, status=200):
        received = self.received = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers['Content-Length'])).decode()
                kind = self.headers['x-amz-sns-message-type']
                if kind == 'SubscriptionConfirmation':
                    urllib.request.urlopen(json.loads(body)['SubscribeURL']).read()
                received.append((kind, body))
                self.send_response(status if kind == 'Notification' else 200)
                self.send_header('Content-Length', '0')
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f'http://127.0.0.1:{self.server.server_port}/'

    def bodies(self, kind='Notification'):
        return [body for found, body in self.received if found == kind]

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


class SnsTest(unittest.TestCase):
    def setUp(self):
        self.sns = client()
        self.addCleanup(self.sns.close)

    def create(self, suffix='', **options):
        arn = self.sns.create_topic(Name=f'boto3-{uuid.uuid4().hex[:10]}{suffix}', **options)['TopicArn']
        self.addCleanup(lambda: self.sns.delete_topic(TopicArn=arn))
        return arn

    def receiver(self, status=200):
        receiver = Receiver(status)
        self.addCleanup(receiver.stop)
        return receiver

    def subscribe(self, topic, receiver, **attributes):
        """Subscribes, and waits until the receiver has confirmed."""
        arn = self.sns.subscribe(
            TopicArn=topic, Protocol='http', Endpoint=receiver.url, Attributes=attributes, ReturnSubscriptionArn=True)['SubscriptionArn']
        self.eventually(lambda: self.sns.get_subscription_attributes(SubscriptionArn=arn)['Attributes']['PendingConfirmation'] == 'false')
        return arn

    def eventually(self, condition, seconds=30):
        deadline = time.monotonic() + seconds
        while not condition():
            self.assertLess(time.monotonic(), deadline, 'the condition did not become true')
            time.sleep(0.1)

    @contextlib.contextmanager
    def refused(self, code, says=None):
        with self.assertRaises(ClientError) as caught:
            yield
        error = caught.exception.response['Error']
        self.assertEqual(code, error['Code'])
        if says is not None:
            self.assertEqual(says, error['Message'])
