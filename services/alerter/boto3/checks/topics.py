"""Topics, their attributes, tags and permissions."""
import json

from common import SnsTest


class Topics(SnsTest):
    def test_attributes(self):
        arn = self.create(Attributes={'DisplayName': 'Harbour'}, Tags=[{'Key': 'a', 'Value': 'ü'}])
        attributes = self.sns.get_topic_attributes(TopicArn=arn)['Attributes']
        self.assertEqual(('Harbour', '0', '0'), tuple(
            attributes[name] for name in ('DisplayName', 'SubscriptionsConfirmed', 'SubscriptionsDeleted')))
        self.sns.set_topic_attributes(TopicArn=arn, AttributeName='SignatureVersion', AttributeValue='2')
        self.assertEqual('2', self.sns.get_topic_attributes(TopicArn=arn)['Attributes']['SignatureVersion'])
        self.assertEqual([{'Key': 'a', 'Value': 'ü'}], self.sns.list_tags_for_resource(ResourceArn=arn)['Tags'])
        with self.refused('InvalidParameter'):
            self.sns.set_topic_attributes(TopicArn=arn, AttributeName='Unknown', AttributeValue='2')

    def test_paging(self):
        arns = {self.create() for _ in range(101)}
        listed = {topic['TopicArn'] for page in self.sns.get_paginator('list_topics').paginate() for topic in page['Topics']}
        self.assertLessEqual(arns, listed)

    def test_permissions(self):
        arn = self.create()
        self.sns.add_permission(TopicArn=arn, Label='one', AWSAccountId=['123456789012'], ActionName=['Publish'])
        policy = json.loads(self.sns.get_topic_attributes(TopicArn=arn)['Attributes']['Policy'])
        self.assertEqual('one', policy['Statement'][-1]['Sid'])
        self.sns.remove_permission(TopicArn=arn, Label='one')

    def test_missing(self):
        arn = self.create()
        self.sns.delete_topic(TopicArn=arn)
        self.sns.delete_topic(TopicArn=arn)
        with self.refused('NotFound', says='Topic does not exist'):
            self.sns.publish(TopicArn=arn, Message='m')

    def test_mobile(self):
        self.sns.set_sms_attributes(attributes={'DefaultSMSType': 'Transactional'})
        self.assertEqual({'DefaultSMSType': 'Transactional'}, self.sns.get_sms_attributes(attributes=['DefaultSMSType'])['attributes'])
        self.assertFalse(self.sns.check_if_phone_number_is_opted_out(phoneNumber='+15550100')['isOptedOut'])
        self.assertEqual([], self.sns.list_phone_numbers_opted_out()['phoneNumbers'])
        application = self.sns.create_platform_application(
            Name='boto3', Platform='APNS', Attributes={'PlatformCredential': 'c', 'PlatformPrincipal': 'p'})['PlatformApplicationArn']
        endpoint = self.sns.create_platform_endpoint(PlatformApplicationArn=application, Token='t')['EndpointArn']
        self.assertEqual({'Enabled': 'true', 'Token': 't'}, self.sns.get_endpoint_attributes(EndpointArn=endpoint)['Attributes'])
        self.sns.delete_platform_application(PlatformApplicationArn=application)
        with self.refused('NotFound', says='Endpoint does not exist'):
            self.sns.get_endpoint_attributes(EndpointArn=endpoint)
