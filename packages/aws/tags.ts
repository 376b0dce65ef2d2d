/** Tags of resources: texts by name. */

export type Tags = Readonly<Record<string, string>>

/** The most tags of a resource, in every service (AWS general reference, "Tag naming limits"). */
export const MAX_TAGS = 50

export function withoutTags(tags: Tags, keys: readonly string[]): Record<string, string> {
  return Object.fromEntries(Object.entries(tags).filter(([key]) => !keys.includes(key)))
}

/** Returns the tags in the form of most services, sorted by their keys. */
export function tagList(tags: Tags): { readonly Key: string; readonly Value: string }[] {
  return Object.keys(tags)
    .sort()
    .map((key) => ({ Key: key, Value: tags[key] }))
}
