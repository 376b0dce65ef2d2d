/** A record of two records of the level below, and so on: small as a text, and 2 ** depth records if they are followed. */
export function multiplying(depth: number): object {
  const name = `L${depth}`
  if (depth === 0) return { type: 'record', name, fields: [{ name: 'x', type: 'int' }] }
  const fields = [
    { name: 'a', type: multiplying(depth - 1) },
    { name: 'b', type: `L${depth - 1}` },
  ]
  return { type: 'record', name, fields }
}
