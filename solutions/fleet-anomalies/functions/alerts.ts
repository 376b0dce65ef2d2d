/**
 * The solution's Lambda function: findings in, alerts out. It publishes each finding to the drivers' topic and to the
 * fleet team's. Nothing here knows of Weir but the attributes by which an incident of the team takes all alerts of a
 * sensor.
 */
import { CreateTopicCommand, PublishCommand, SNSClient } from '@aws-sdk/client-sns'

interface KafkaEvent {
  readonly records: Readonly<Record<string, readonly { readonly value: string }[]>>
}

interface Finding {
  readonly device: string
  readonly status: 'open' | 'resolved'
  readonly sensor: string
  readonly detector: string
  readonly score: number
  readonly why: string
}

/** Deviations that are this unusual may be a fire. */
const CRITICAL_SCORE = 0.9
const MAX_KEY_CHARACTERS = 120
const MAX_SUBJECT_CHARACTERS = 60

const sns = new SNSClient({})
/** Creating a topic that exists returns it. */
const arnOf = async (Name: string): Promise<string> =>
  (await sns.send(new CreateTopicCommand({ Name }))).TopicArn!
let arns: Promise<readonly [drivers: string, team: string]> | undefined

export const handler = async ({ records }: KafkaEvent): Promise<void> => {
  arns ??= Promise.all([arnOf(process.env.DRIVERS_TOPIC!), arnOf(process.env.TEAM_TOPIC!)])
  const [drivers, team] = await arns.catch((error: unknown) => {
    arns = undefined
    throw error
  })
  const findings = Object.values(records)
    .flat()
    .map(({ value }) => JSON.parse(Buffer.from(value, 'base64').toString()) as Finding)
  // The findings of a truck keep their order.
  for (const finding of findings)
    await Promise.all([
      sns.send(new PublishCommand({ TopicArn: drivers, ...messageOf(finding) })),
      sns.send(new PublishCommand({ TopicArn: team, ...messageOf(finding, incidentOf(finding)) })),
    ])
}

function messageOf({ device, status, sensor, score, why }: Finding, more: Attributes = {}) {
  const truck = subjectOf(device)
  return {
    Subject: status === 'open' ? `${truck}: ${sensor} deviates` : `${truck}: ${sensor} is as expected again`,
    Message: `${device}: ${why}`,
    MessageAttributes: {
      truck: text(device),
      sensor: text(sensor),
      status: text(status),
      severity: text(severityOf(status, score)),
      ...more,
    },
  }
}

/** All that a detector finds of a sensor is one incident. */
const incidentOf = ({ device, sensor, detector, status, score }: Finding): Attributes => ({
  'weir.incident.key': text(
    `${encodeURIComponent(device).slice(0, MAX_KEY_CHARACTERS)}/${sensor}/${detector}`,
  ),
  'weir.incident.status': text(status),
  'weir.incident.severity': text(severityOf(status, score)),
})

/** Devices name themselves; a subject is short and has ASCII characters only. */
const subjectOf = (device: string): string => device.replace(/[^!-~]/g, '?').slice(0, MAX_SUBJECT_CHARACTERS)

const severityOf = (status: Finding['status'], score: number): string =>
  status === 'open' && score > CRITICAL_SCORE ? 'critical' : 'warning'

const text = (StringValue: string) => ({ DataType: 'String', StringValue })
type Attributes = Record<string, ReturnType<typeof text>>
