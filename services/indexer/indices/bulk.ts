/** The bulk requests of both engines: NDJSON with an action line and a document line for each document. */
import type { Layout } from '@weir/sinks'

/** The lines of one document. */
export interface Lines {
  /** The action line up to the id; actionOf makes it. */
  action: string
  /** JSON. */
  id: string
  /** JSON on one line. */
  document: string
}

/**
 * `{"create":{"_index":"NAME","_id":` … `}}`, without the id. docs/decisions/0004 explains why it is create, and what
 * replaces a document.
 */
export const actionOf = (index: string): string => `{"create":{"_index":${JSON.stringify(index)},"_id":`

/** The action of a document that replaces those with lower revisions. */
export const replacementOf = (index: string, revision: number): string =>
  `{"index":{"_index":${JSON.stringify(index)},"version_type":"external","version":${revision},"_id":`
const ACTION_END = '}}\n'
const NEWLINE = 10

/** Both ends of lines, and some room. */
const ENDS = 8

export const bulkLayout: Layout<Lines> = {
  bytes: ({ action, id, document }) =>
    Buffer.byteLength(action) + Buffer.byteLength(id) + ACTION_END.length + Buffer.byteLength(document) + 1,
  // A UTF-16 code unit takes at most three bytes.
  maxBytes: ({ action, id, document }) => 3 * (action.length + id.length + document.length) + ENDS,
  write({ action, id, document }, into, at) {
    at += into.write(action, at)
    at += into.write(id, at)
    at += into.write(ACTION_END, at)
    at += into.write(document, at)
    into[at++] = NEWLINE
    return at
  },
}

/** The index that the item of a request is for. */
export function indexOf(item: Buffer): string {
  const { create, index } = JSON.parse(item.toString('utf8', 0, item.indexOf(NEWLINE)))
  return (create ?? index)._index
}
