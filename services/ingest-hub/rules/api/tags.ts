/** The tags of rules. */
import { MAX_TAGS, parseArn, type Tags, tagList, withoutTags } from '@weir/aws'
import type { StoredRule } from '../entries.ts'
import { invalidRequest, limitExceeded, notFound } from './errors.ts'
import type { IotContext, IotDeps } from './iot-api.ts'

type TagList = readonly { readonly Key: string; readonly Value?: string }[]

/** Reads tags of the form key1=value1&key2=value2. */
export function tagsInHeader(text: string | undefined): Record<string, string> {
  const tags: Record<string, string> = {}
  for (const [key, value] of new URLSearchParams(text ?? '')) {
    if (key.length === 0 || key.length > 128 || value.length > 256)
      throw invalidRequest('The key of a tag must have 1 to 128 characters, and its value at most 256.')
    tags[key] = value
  }
  return bounded(tags)
}

export function tagOperations({ account, rules }: IotDeps) {
  const ruleOf = (arn: string, context: IotContext): StoredRule => {
    const parsed = parseArn(arn)
    const [, name] = /^rule\/(\w+)$/.exec(parsed?.resource ?? '') ?? []
    if (parsed?.service !== 'iot' || parsed.accountId !== account.accountId || name === undefined)
      throw invalidRequest(`Only rules have tags here; give the ARN of one, not ${arn.slice(0, 200)}.`)
    context.authorize(arn)
    const found = rules.rules.get(name)
    if (found === undefined) throw notFound(`The rule ${name} does not exist.`)
    return found
  }
  const change = (arn: string, context: IotContext, edit: (tags: Tags) => Record<string, string>) =>
    rules.change(() => {
      const rule = ruleOf(arn, context)
      return [{ kind: 'rule', id: rule.name, value: { ...rule, tags: edit(rule.tags) } }]
    })

  return {
    async TagResource(
      { resourceArn, tags }: { readonly resourceArn: string; readonly tags: TagList },
      context: IotContext,
    ): Promise<object> {
      const added = Object.fromEntries(tags.map(({ Key, Value = '' }) => [Key, Value]))
      await change(resourceArn, context, (before) => bounded({ ...before, ...added }))
      return {}
    },

    async UntagResource(
      { resourceArn, tagKeys }: { readonly resourceArn: string; readonly tagKeys: readonly string[] },
      context: IotContext,
    ): Promise<object> {
      await change(resourceArn, context, (before) => withoutTags(before, tagKeys))
      return {}
    },

    async ListTagsForResource({ resourceArn }: { readonly resourceArn: string }, context: IotContext) {
      await rules.catchUp()
      return { tags: tagList(ruleOf(resourceArn, context).tags) }
    },
  }
}

function bounded(tags: Record<string, string>): Record<string, string> {
  if (Object.keys(tags).length > MAX_TAGS) throw limitExceeded(`A rule may have at most ${MAX_TAGS} tags.`)
  return tags
}
