/** Topics of Basic Ingest: a message to $aws/rules/NAME/TOPIC goes to the rule NAME only. */

const PREFIX = '$aws/rules/'

/** The rule that a topic of Basic Ingest names, and the topic that the rule sees. Undefined for other topics. */
export function basicIngestOf(topic: string): { readonly rule: string; readonly topic: string } | undefined {
  if (!topic.startsWith(PREFIX)) return undefined
  const slash = topic.indexOf('/', PREFIX.length)
  if (slash < 0) return { rule: topic.slice(PREFIX.length), topic: '' }
  return { rule: topic.slice(PREFIX.length, slash), topic: topic.slice(slash + 1) }
}
