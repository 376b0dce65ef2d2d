"""Subscriptions over HTTP, and the messages that they get."""
import json
import urllib.request

from common import SnsTest


class Messages(SnsTest):
    def test_one_message(self):
        topic, receiver = self.create(), self.receiver()
        self.subscribe(topic, receiver)
        message_id = self.sns.publish(
            TopicArn=topic, Message='schön', Subject='s',
            MessageAttributes={'b': {'DataType': 'Binary', 'BinaryValue': bytes(range(256))}})['MessageId']
        self.eventually(lambda: receiver.bodies())
        body = json.loads(receiver.bodies()[0])
        self.assertEqual((message_id, 'schön', 's', topic), tuple(body[name] for name in ('MessageId', 'Message', 'Subject', 'TopicArn')))
        self.assertEqual('Binary', body['MessageAttributes']['b']['Type'])

    def test_a_batch_with_a_filter(self):
        topic, receiver = self.create(), self.receiver()
        self.subscribe(topic, receiver, FilterPolicy=json.dumps({'kind': ['wanted']}), RawMessageDelivery='true')
        attribute = lambda kind: {'kind': {'DataType': 'String', 'StringValue': kind}}
        answer = self.sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=[
            {'Id': str(i), 'Message': str(i), 'MessageAttributes': attribute('wanted' if i % 2 else 'other')} for i in range(10)])
        self.assertEqual([], answer.get('Failed', []))
        self.eventually(lambda: len(receiver.bodies()) == 5)
        self.assertEqual(['1', '3', '5', '7', '9'], sorted(receiver.bodies()))

    def test_the_end_of_a_subscription(self):
        topic, receiver = self.create(), self.receiver()
        arn = self.subscribe(topic, receiver)
        self.sns.publish(TopicArn=topic, Message='m')
        self.eventually(lambda: receiver.bodies())
        urllib.request.urlopen(json.loads(receiver.bodies()[0])['UnsubscribeURL']).read()
        self.assertEqual([], self.sns.list_subscriptions_by_topic(TopicArn=topic)['Subscriptions'])
        self.assertEqual('1', self.sns.get_topic_attributes(TopicArn=topic)['Attributes']['SubscriptionsDeleted'])
        self.eventually(lambda: receiver.bodies('UnsubscribeConfirmation'))
        told = json.loads(receiver.bodies('UnsubscribeConfirmation')[0])
        self.assertEqual(f'You have chosen to deactivate subscription {arn}.', told['Message'].split('\n')[0])
        # The receiver changes its mind.
        urllib.request.urlopen(told['SubscribeURL']).read()
        [restored] = self.sns.list_subscriptions_by_topic(TopicArn=topic)['Subscriptions']
        self.assertEqual(arn, restored['SubscriptionArn'])
        self.sns.unsubscribe(SubscriptionArn=arn)
        with self.refused('NotFound'):
            self.sns.get_subscription_attributes(SubscriptionArn=arn)

    def test_an_endpoint_has_one_subscription(self):
        topic, receiver = self.create(), self.receiver()
        arn = self.subscribe(topic, receiver)
        self.assertEqual(arn, self.subscribe(topic, receiver))
        with self.refused('InvalidParameter'):
            self.subscribe(topic, receiver, RawMessageDelivery='true')
