"""AWS's command line."""
import json
import os
import subprocess
import sys

from common import SnsTest


def aws(*args):
    """Runs a command of SNS, and returns what it prints as JSON."""
    env = {**os.environ, 'AWS_ENDPOINT_URL': os.environ['ALERTER_URL'], 'AWS_ACCESS_KEY_ID': 'test',
           'AWS_SECRET_ACCESS_KEY': 'test', 'AWS_DEFAULT_REGION': 'us-east-1', 'AWS_PAGER': ''}
    done = subprocess.run(
        [sys.executable, '-m', 'awscli', 'sns', *args, '--output', 'json'], env=env, capture_output=True, text=True, timeout=60)
    if done.returncode != 0:
        raise AssertionError(done.stderr)
    return json.loads(done.stdout) if done.stdout.strip() else None


class CommandLine(SnsTest):
    def test_a_topic_from_its_creation_to_its_end(self):
        receiver = self.receiver()
        topic = aws('create-topic', '--name', f'cli-{os.getpid()}', '--attributes', 'DisplayName=Harbour')['TopicArn']
        self.assertIn({'TopicArn': topic}, aws('list-topics')['Topics'])
        asked = aws('subscribe', '--topic-arn', topic, '--protocol', 'http', '--notification-endpoint', receiver.url)
        self.assertEqual('pending confirmation', asked['SubscriptionArn'])
        self.eventually(lambda: aws('get-topic-attributes', '--topic-arn', topic)['Attributes']['SubscriptionsConfirmed'] == '1')
        sent = aws('publish', '--topic-arn', topic, '--message', 'from the command line',
                   '--message-attributes', '{"store":{"DataType":"String","StringValue":"harbour"}}')
        self.eventually(lambda: receiver.bodies())
        body = json.loads(receiver.bodies()[0])
        self.assertEqual((sent['MessageId'], 'from the command line'), (body['MessageId'], body['Message']))
        aws('delete-topic', '--topic-arn', topic)
        with self.refused('NotFound'):
            self.sns.get_topic_attributes(TopicArn=topic)
