/** TagResource, UntagResource, ListTags: tags of functions. */
import { type AwsContext, AwsError, type AwsOperations, MAX_TAGS, type Tags, withoutTags } from '@weir/aws'
import type { Deploying } from './deploying.ts'
import { existingFunction, invalidParameter, type NamedFunction, namedFunction } from './names.ts'

/** Lambda developer guide, "Tag restrictions". */
const MAX_KEY = 128
const MAX_VALUE = 256

export function tagOperations({
  service: { functions },
  account,
  changeableWhole,
  changeLatest,
}: Deploying): AwsOperations {
  const functionOf = (resource: string): NamedFunction => {
    if (!resource.includes(':function:'))
      throw invalidParameter(
        'Only functions have tags here; give the ARN of one. Mappings get their tags when they are created.',
      )
    const named = namedFunction(resource, account)
    if (named.qualifier !== undefined)
      throw invalidParameter(
        'Tags on function aliases and versions are not supported. Please specify a function ARN.',
      )
    return named
  }
  return {
    async TagResource(
      { Resource, Tags }: { readonly Resource: string; readonly Tags: Tags },
      context: AwsContext,
    ) {
      if (Object.keys(Tags).length === 0)
        throw invalidParameter('An error occurred and the request cannot be processed.')
      const { name } = await changeableWhole(functionOf(Resource).arn, context)
      await changeLatest(name, false, (latest) => ({ ...latest, tags: checkTags(latest.tags, Tags) }))
    },
    async UntagResource(
      { Resource, TagKeys }: { readonly Resource: string; readonly TagKeys: readonly string[] },
      context: AwsContext,
    ) {
      const { name } = await changeableWhole(functionOf(Resource).arn, context)
      await changeLatest(name, false, (latest) => ({
        ...latest,
        tags: withoutTags(latest.tags, TagKeys),
      }))
    },
    ListTags({ Resource }: { readonly Resource: string }, context: AwsContext) {
      const named = functionOf(Resource)
      context.authorize(named.arn)
      return { Tags: existingFunction(functions, named).latest.tags }
    },
  }
}

/** Returns both together. Throws if a function may not have that many tags, or tags of that length. */
export function checkTags(before: Tags, added: Tags): Tags {
  const tags = { ...before, ...added }
  if (Object.keys(tags).length > MAX_TAGS)
    throw invalidParameter('Number of tags exceeds resource tag limit.')
  const long = Object.entries(added).find(
    ([key, value]) => key.length === 0 || key.length > MAX_KEY || value.length > MAX_VALUE,
  )
  if (long !== undefined) {
    throw new AwsError(
      'InvalidParameterValueException',
      `A tag's key has 1 to ${MAX_KEY} characters, its value at most ${MAX_VALUE}.`,
    )
  }
  return tags
}
