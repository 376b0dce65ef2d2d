/** `weir new sink`: a sink of the indexer that fills a search index with a solution's topic. */
import { DEAD_LETTER, type Topic, type TopicName } from '@weir/contracts'
import { type Solution, solutions } from '@weir/solutions'
import { Refused, UsageError } from '../command.ts'
import { hint } from '../nearest.ts'
import { topicContract } from '../replay/contract.ts'
import type { Changes } from './changes.ts'
import { indexProperties } from './index-properties.ts'
import { type Name, nameOf, renaming } from './name.ts'

const EXAMPLE = nameOf('example-sink')
const EXAMPLE_PROPERTY = "        eventTime: { type: 'date', format: 'epoch_millis' },\n"

/** Returns what to do next. */
export function newSink(name: Name, topic: string | undefined, changes: Changes): string[] {
  const { kebab, camel } = name
  if (solutions.some(({ sinks = [] }) => sinks.some((sink) => sink.name === kebab)))
    throw new Refused(`The sink ${kebab} exists already; choose another name.`)
  const { solution, source, definition } = sourceOf(topic)
  const { time } = topicContract(source)
  if (time === undefined || time.includes('.'))
    throw new Refused(`The contract of ${source} does not have a time field, which index rotation needs.`)
  const folder = `solutions/${solution.name}`
  changes.createFrom('sink', folder, {
    ...renaming(EXAMPLE, name),
    'example-thing.checked.dead': deadLetterTopicOf(solution),
    'example-thing.checked': source,
    "'eventTime'": `'${time}'`,
    [EXAMPLE_PROPERTY]: indexProperties(definition),
  })
  addSink(`${folder}/solution.ts`, solution.name, name, changes)
  addReader(`${folder}/topics.ts`, source, changes)
  return [
    `Leave out of ${folder}/${kebab}-sink.ts the fields that need no search: a document keeps all fields, mapped or not.`,
    `npx vitest run --project unit ${folder}   runs the tests of ${camel}Sink`,
    `Restart the indexer; if the brokers check ACLs, run \`weir acl apply\` first.`,
  ]
}

interface Source {
  readonly solution: Solution
  readonly source: TopicName
  readonly definition: Topic
}

function sourceOf(topic: string | undefined): Source {
  const all = solutions.flatMap((solution) =>
    Object.entries(solution.topics ?? {}).map(([source, definition]) => ({
      solution,
      source: source as TopicName,
      definition,
    })),
  )
  const names = all.map(({ source }) => source)
  if (topic === undefined) throw new UsageError(`--topic is missing; it is one of ${names.join(', ')}.`)
  const found = all.find(({ source }) => source === topic)
  if (found === undefined) throw new UsageError(`${topic} is not a topic of a solution.${hint(topic, names)}`)
  return found
}

function deadLetterTopicOf({ name, topics = {} }: Solution): string {
  const [found] = Object.entries(topics).find(
    ([, { value, writers }]) => value === DEAD_LETTER && writers.includes('indexer'),
  ) ?? [undefined]
  if (found === undefined)
    throw new Refused(
      `solutions/${name}/topics.ts does not have a topic for the dead letters of its sinks; add one first, such as '${name}.indexed.dead': deadLetterTopic('indexer').`,
    )
  return found
}

function addSink(path: string, solution: string, { kebab, camel }: Name, changes: Changes): void {
  changes.change(path, (text) => {
    const list = /\bsinks: \[([^\]]*?),?\s*\]/
    const entry = `${camel}Sink`
    const added = list.test(text)
      ? text.replace(list, (_, others) => `sinks: [${others.trim() === '' ? '' : `${others}, `}${entry}]`)
      : text.replace(`  name: '${solution}',\n`, (line) => `${line}  sinks: [${entry}],\n`)
    if (added === text)
      throw new Refused(`${path} does not have a list of sinks; write \`sinks: [],\` there first.`)
    return `import { ${entry} } from './${kebab}-sink.ts'\n${added}`
  })
}

function addReader(path: string, topic: string, changes: Changes): void {
  changes.change(path, (text) => {
    const readers = new RegExp(`('${topic.replaceAll('.', '\\.')}': \\{[^}]*?readers: \\[)([^\\]]*)\\]`)
    const found = readers.exec(text)
    if (found === null)
      throw new Refused(`${path} does not have a list of readers for ${topic}; add one first.`)
    if (found[2].includes("'indexer'")) return text
    return text.replace(
      readers,
      (_, before, others) => `${before}${others === '' ? '' : `${others}, `}'indexer']`,
    )
  })
}
