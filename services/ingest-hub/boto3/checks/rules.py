"""The rules of IoT, and the publish of its data plane."""

import json
import uuid

from botocore.exceptions import ParamValidationError

from common import KinesisTest, client

ROLE = 'arn:aws:iam::000000000000:role/rules'
#: An action that does nothing which can be seen.
QUIET = {'republish': {'topic': 'nobody/listens', 'roleArn': ROLE}}


class Rules(KinesisTest):
    def setUp(self):
        super().setUp()
        self.iot, self.data = client(service='iot'), client(service='iot-data')
        self.addCleanup(self.iot.close)
        self.addCleanup(self.data.close)
        #: Topics of other tests do not match.
        self.place = f'boto3-{uuid.uuid4().hex[:10]}'

    def rule(self, sql='', actions=(QUIET,), tags=None, **more):
        """Creates a rule that is deleted afterwards."""
        name = f'boto3_{uuid.uuid4().hex[:10]}'
        payload = {'sql': sql or f"SELECT * FROM '{self.place}/#'", 'actions': list(actions), **more}
        options = {} if tags is None else {'tags': tags}
        self.iot.create_topic_rule(ruleName=name, topicRulePayload=payload, **options)
        self.addCleanup(self.iot.delete_topic_rule, ruleName=name)
        return name

    def refused_rule(self, code, says, **payload):
        with self.refused(code, says=says):
            self.iot.create_topic_rule(
                ruleName='boto3_refused', topicRulePayload={'sql': "SELECT * FROM 'a'", 'actions': [QUIET], **payload}
            )

    def test_a_rule_from_its_creation_to_its_end(self):
        name = self.rule(description='Trucks that are too hot', awsIotSqlVersion='2016-03-23', errorAction=QUIET)
        found = self.iot.get_topic_rule(ruleName=name)
        self.assertTrue(found['ruleArn'].endswith(f':rule/{name}'))
        shown = {**found['rule']}
        self.assertIsNotNone(shown.pop('createdAt').tzinfo)
        self.assertEqual(
            {
                'ruleName': name,
                'sql': f"SELECT * FROM '{self.place}/#'",
                'description': 'Trucks that are too hot',
                'actions': [QUIET],
                'ruleDisabled': False,
                'awsIotSqlVersion': '2016-03-23',
                'errorAction': QUIET,
            },
            shown,
        )

        self.iot.replace_topic_rule(
            ruleName=name, topicRulePayload={'sql': f"SELECT a FROM '{self.place}'", 'actions': [QUIET]}
        )
        replaced = self.iot.get_topic_rule(ruleName=name)['rule']
        self.assertEqual(
            ('2015-10-08', found['rule']['createdAt']), (replaced['awsIotSqlVersion'], replaced['createdAt'])
        )
        self.assertNotIn('description', replaced)

        self.iot.disable_topic_rule(ruleName=name)
        self.assertTrue(self.iot.get_topic_rule(ruleName=name)['rule']['ruleDisabled'])
        self.iot.enable_topic_rule(ruleName=name)
        self.assertFalse(self.iot.get_topic_rule(ruleName=name)['rule']['ruleDisabled'])

        with self.refused('ResourceAlreadyExistsException', 409):
            self.iot.create_topic_rule(ruleName=name, topicRulePayload={'sql': "SELECT * FROM 'a'", 'actions': [QUIET]})

    def test_a_rule_that_does_not_exist(self):
        payload = {'sql': "SELECT * FROM 'a'", 'actions': [QUIET]}
        for call, more in (
            (self.iot.get_topic_rule, {}),
            (self.iot.delete_topic_rule, {}),
            (self.iot.enable_topic_rule, {}),
            (self.iot.disable_topic_rule, {}),
            (self.iot.replace_topic_rule, {'topicRulePayload': payload}),
        ):
            with self.refused('ResourceNotFoundException', 404):
                call(ruleName='boto3_nobody', **more)

    def test_lists_have_pages_and_filters(self):
        made = sorted(self.rule() for _ in range(5))
        self.iot.disable_topic_rule(ruleName=made[0])
        pages = self.iot.get_paginator('list_topic_rules').paginate(
            topic=f'{self.place}/1', PaginationConfig={'PageSize': 2}
        )
        listed = [rule for page in pages for rule in page['rules']]
        self.assertEqual(made, [rule['ruleName'] for rule in listed])
        self.assertEqual([f'{self.place}/#'] * 5, [rule['topicPattern'] for rule in listed])
        disabled = self.iot.list_topic_rules(topic=f'{self.place}/1', ruleDisabled=True)['rules']
        self.assertEqual([made[0]], [rule['ruleName'] for rule in disabled])
        self.assertEqual([], self.iot.list_topic_rules(topic=f'{self.place}-other')['rules'])
        with self.refused('InvalidRequestException'):
            self.iot.list_topic_rules(nextToken='made up')

    def test_tags(self):
        arn = self.iot.get_topic_rule(ruleName=self.rule(tags='team=trucks&stage=trial'))['ruleArn']
        self.iot.tag_resource(
            resourceArn=arn, tags=[{'Key': 'stage', 'Value': 'live'}, {'Key': 'owner', 'Value': 'harbour'}]
        )
        self.iot.untag_resource(resourceArn=arn, tagKeys=['team'])
        tags = {tag['Key']: tag['Value'] for tag in self.iot.list_tags_for_resource(resourceArn=arn)['tags']}
        self.assertEqual({'stage': 'live', 'owner': 'harbour'}, tags)

    def test_wrong_rules(self):
        self.refused_rule('SqlParseException', '', sql="SELECT * FORM 'a'")
        self.refused_rule('SqlParseException', '', sql='')
        self.refused_rule('SqlParseException', '', sql="SELECT nobody_knows(1) FROM 'a'")
        self.refused_rule('InvalidRequestException', '2017-01-01', awsIotSqlVersion='2017-01-01')
        self.refused_rule('InvalidRequestException', '', actions=[QUIET] * 11)
        metric = {'metricNamespace': 'n', 'metricName': 'n', 'metricValue': '1', 'metricUnit': 'Count', 'roleArn': ROLE}
        self.refused_rule('InvalidRequestException', 'cloudwatchMetric', actions=[{'cloudwatchMetric': metric}])
        with self.refused('InvalidRequestException'):
            self.iot.create_topic_rule(
                ruleName='not-a-name', topicRulePayload={'sql': "SELECT * FROM 'a'", 'actions': [QUIET]}
            )
        with self.assertRaises(ParamValidationError):
            self.iot.create_topic_rule(ruleName='boto3_refused', topicRulePayload={'sql': "SELECT * FROM 'a'"})

    def test_a_message_is_stored_by_a_rule_before_its_publisher_is_answered(self):
        stream = self.create()
        kinesis = {'kinesis': {'roleArn': ROLE, 'streamName': stream, 'partitionKey': '${topic(2)}'}}
        name = self.rule(
            f"SELECT temperature, topic(2) AS truck FROM '{self.place}/+' WHERE temperature > 100",
            [kinesis],
            awsIotSqlVersion='2016-03-23',
        )
        # Basic Ingest names the rule, so it shows when the hub knows it.
        self.eventually(lambda: self.stored(stream, f'$aws/rules/{name}/{self.place}/0', {'temperature': 101}))
        for truck, temperature in ((17, 112), (18, 90)):
            self.data.publish(topic=f'{self.place}/{truck}', qos=1, payload=json.dumps({'temperature': temperature}))
        records = self.kinesis.get_records(ShardIterator=self.iterator(stream))['Records']
        self.assertEqual(
            ('17', {'temperature': 112, 'truck': '17'}), (records[-1]['PartitionKey'], json.loads(records[-1]['Data']))
        )

    def stored(self, stream, topic, message):
        self.data.publish(topic=topic, qos=1, payload=json.dumps(message))
        return self.kinesis.get_records(ShardIterator=self.iterator(stream))['Records']

    def test_wrong_messages(self):
        for topic, options in (
            ('$reserved', {}),
            ('a/#', {}),
            ('a' * 257, {}),
            ('/'.join('abcdefghi'), {}),
            ('a', {'retain': True}),
        ):
            with self.refused('InvalidRequestException'):
                self.data.publish(topic=topic, payload=b'x', **options)

    def test_the_endpoint_of_devices(self):
        address = self.iot.describe_endpoint(endpointType='iot:Data-ATS')['endpointAddress']
        self.assertRegex(address, r'^[\w.-]+(:\d+)?$')
        with self.refused('InvalidRequestException'):
            self.iot.describe_endpoint(endpointType='iot:Jobs')

    def test_destinations(self):
        url = f'https://{self.place}.example.org/'
        made = self.iot.create_topic_rule_destination(
            destinationConfiguration={'httpUrlConfiguration': {'confirmationUrl': url}}
        )
        destination = made['topicRuleDestination']
        arn = destination['arn']
        self.assertEqual(
            ('IN_PROGRESS', url), (destination['status'], destination['httpUrlProperties']['confirmationUrl'])
        )
        with self.refused('ResourceAlreadyExistsException', 409):
            self.iot.create_topic_rule_destination(
                destinationConfiguration={'httpUrlConfiguration': {'confirmationUrl': url}}
            )
        pages = self.iot.get_paginator('list_topic_rule_destinations').paginate()
        self.assertIn(arn, [found['arn'] for page in pages for found in page['destinationSummaries']])
        with self.refused('InvalidRequestException'):
            self.iot.confirm_topic_rule_destination(confirmationToken='made up')
        with self.refused('InvalidRequestException', says='cannot become DISABLED'):
            self.iot.update_topic_rule_destination(arn=arn, status='DISABLED')
        self.iot.update_topic_rule_destination(arn=arn, status='IN_PROGRESS')
        # Nothing answers at the URL, which the hub may know by now.
        self.assertIn(
            self.iot.get_topic_rule_destination(arn=arn)['topicRuleDestination']['status'], ('IN_PROGRESS', 'ERROR')
        )
        self.iot.delete_topic_rule_destination(arn=arn)
        with self.refused('ResourceNotFoundException', 404):
            self.iot.get_topic_rule_destination(arn=arn)
