/**
 * The solution's Lambda function: findings in, alerts out. It publishes each finding to the driver's topic and to the
 * fleet team's. Nothing here knows of Weir but the attributes by which an incident takes all alerts of a sensor.
 */
import { CreateTopicCommand, PublishCommand, SNSClient } from '@aws-sdk/client-sns'

interface KafkaEvent {
  readonly records: Readonly<Record<string, readonly { readonly value: string }[]>>
}

interface Finding {
  readonly device: string
  readonly id: string
  readonly status: 'open' | 'resolved'
  readonly sensor: string
  readonly score: number
  readonly why: string
}

/** Deviations that are this unusual may be a fire. */
const CRITICAL_SCORE = 0.9

const sns = new SNSClient({})
/** Creating a topic that exists returns it. */
const topics = Promise.all(
  [process.env.DRIVERS_TOPIC!, process.env.TEAM_TOPIC!].map(async (Name) => {
    const { TopicArn } = await sns.send(new CreateTopicCommand({ Name }))
    return TopicArn!
  }),
)
topics.catch(() => {})

export const handler = async ({ records }: KafkaEvent): Promise<void> => {
  const arns = await topics
  const findings = Object.values(records)
    .flat()
    .map(({ value }) => JSON.parse(Buffer.from(value, 'base64').toString()) as Finding)
  // The findings of a truck keep their order.
  for (const finding of findings)
    await Promise.all(
      arns.map((TopicArn) => sns.send(new PublishCommand({ TopicArn, ...messageOf(finding) }))),
    )
}

function messageOf({ device, status, sensor, score, why }: Finding) {
  const severity = status === 'open' && score > CRITICAL_SCORE ? 'critical' : 'warning'
  return {
    Subject:
      status === 'open' ? `${device}: ${sensor} deviates` : `${device}: ${sensor} is as expected again`,
    Message: `${device}: ${why}`,
    MessageAttributes: {
      'weir.incident.key': text(`${device}/${sensor}`),
      'weir.incident.status': text(status),
      'weir.incident.severity': text(severity),
      truck: text(device),
      sensor: text(sensor),
    },
  }
}

const text = (StringValue: string) => ({ DataType: 'String', StringValue })
