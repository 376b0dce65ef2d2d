/** Replacement strings of regexp_replace, in the notation of Java's Matcher. */

/** Texts, and the numbers of groups. */
export type Replacement = readonly (string | number)[]

/**
 * Parses $1 and \$. As in Java, digits belong to the number as long as there is such a group. Undefined if a
 * group does not exist, or if nothing follows a $ or a backslash.
 */
export function parseReplacement(text: string, groups: number): Replacement | undefined {
  const parts: (string | number)[] = []
  let i = 0
  while (i < text.length) {
    const character = text[i]
    if (character !== '$' && character !== '\\') {
      const end = text.slice(i).search(/[$\\]/)
      const stop = end < 0 ? text.length : i + end
      parts.push(text.slice(i, stop))
      i = stop
    } else if (character === '\\') {
      if (i + 1 === text.length) return undefined
      parts.push(text[i + 1])
      i += 2
    } else {
      const group = groupAt(text, i + 1, groups)
      if (group === undefined) return undefined
      parts.push(group.number)
      i = group.end
    }
  }
  return parts
}

function groupAt(
  text: string,
  from: number,
  groups: number,
): { readonly number: number; readonly end: number } | undefined {
  if (!/^\d/.test(text.charAt(from))) return undefined
  let number = Number(text[from])
  if (number > groups) return undefined
  let end = from + 1
  while (/^\d/.test(text.charAt(end)) && number * 10 + Number(text[end]) <= groups)
    number = number * 10 + Number(text[end++])
  return { number, end }
}
