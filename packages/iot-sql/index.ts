export { SqlError, TopicError } from './errors.ts'
export { type Context, MAX_STEPS } from './evaluation/evaluation.ts'
export { MAX_JSON_DEPTH } from './evaluation/json.ts'
export {
  MAX_PAYLOAD_BYTES,
  Message,
  type MessageFields,
  type MessageProperties,
} from './evaluation/message.ts'
export { Decimal, type Numeric } from './numbers/decimal.ts'
export { parseRule, type Reason, type Rule, type RuleResult, toBytes } from './rule.ts'
export { parseTemplate, type Template } from './template.ts'
export { basicIngestOf } from './topics/basic-ingest.ts'
export { AWS_LIMITS, filterProblem, MQTT_LIMITS, type TopicLimits, topicProblem } from './topics/check.ts'
export { FilterTree } from './topics/filter-tree.ts'
export type { JsonValue } from './values/value.ts'
export { SQL_VERSIONS, type SqlVersion } from './version.ts'
