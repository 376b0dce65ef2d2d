/** Paths of AWS's protocols over REST: /2015-03-31/functions/{FunctionName}/invocations. */

/** Texts by label, decoded; undefined where the path is another. */
export type MatchPath = (path: string) => Readonly<Record<string, string>> | undefined

/** A slash at the end counts for nothing: older clients have one where newer ones have none. */
export function pathMatcher(uri: string): MatchPath {
  const parts = segmentsOf(uri).map((part) => ({ text: part, label: /^\{(\w+)\}$/.exec(part)?.[1] }))
  return (path) => {
    const segments = segmentsOf(path)
    if (segments.length !== parts.length) return undefined
    const labels: Record<string, string> = {}
    for (let i = 0; i < parts.length; i++) {
      const { text, label } = parts[i]
      const segment = decoded(segments[i])
      if (label === undefined ? segment !== text : segment === '') return undefined
      if (label !== undefined) labels[label] = segment
    }
    return labels
  }
}

/** The folder of a uri, under which all of its kind stand: /2015-03-31/. */
export function folderOf(uri: string): string {
  return uri.slice(0, uri.indexOf('/', 1) + 1)
}

function segmentsOf(path: string): string[] {
  return (path.endsWith('/') ? path.slice(1, -1) : path.slice(1)).split('/')
}

/** What is no valid encoding stays as it is. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
