/** Text of others on a terminal: what would move the cursor, or reorder the line, is shown and not obeyed. */

const OBEYED = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g
const OBEYED_IN_LINES = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g

const shown = (character: string): string => {
  const code = character.charCodeAt(0)
  return code < 256 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16)}`
}

/** Returns the text as one line. */
export const plainLine = (text: string): string => text.replace(OBEYED, shown)

/** Keeps line ends and tabs. */
export const plainLines = (text: string): string => text.replace(OBEYED_IN_LINES, shown)
