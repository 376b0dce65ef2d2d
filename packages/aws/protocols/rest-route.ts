/** Matches the paths of operations over REST: /2015-03-31/functions/{FunctionName}/invocations. */

/** Returns the decoded parts of the path by label; undefined if the path does not match. */
export type MatchPath = (path: string) => Readonly<Record<string, string>> | undefined

/**
 * Ignores a slash at the end, which older clients send and newer ones do not. A label such as {arn+} at the end
 * takes all segments that are left.
 */
export function pathMatcher(uri: string): MatchPath {
  const isGreedy = uri.endsWith('+}')
  const parts = segmentsOf(uri).map((part) => ({ text: part, label: /^\{(\w+)\+?\}$/.exec(part)?.[1] }))
  return (path) => {
    const all = segmentsOf(path)
    const last = parts.length - 1
    const segments = isGreedy ? [...all.slice(0, last), all.slice(last).join('/')] : all
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

/** Returns the first folder of the uri, such as /2015-03-31/. A uri without one, such as /tags, stands for itself. */
export function folderOf(uri: string): string {
  const slash = uri.indexOf('/', 1)
  return slash < 0 ? uri : uri.slice(0, slash + 1)
}

function segmentsOf(path: string): string[] {
  return (path.endsWith('/') ? path.slice(1, -1) : path.slice(1)).split('/')
}

/** Leaves invalid encodings as they are. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
