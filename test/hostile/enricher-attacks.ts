/** Ways to take more than a fair share of an enricher. */
import { type Attack, flood, head, hold, MB, open, strangers, trickle } from './attack.ts'
import { type EnricherVictim, signedBy } from './enricher-target.ts'
import { GREEDY_API_KEY } from './target.ts'

const JSON_TYPE = { 'content-type': 'application/json' }
const FUNCTIONS = '/2015-03-31/functions'
const invokePath = ({ functionName }: EnricherVictim): string => `${FUNCTIONS}/${functionName}/invocations`
const names = (count: number): string =>
  JSON.stringify(Object.fromEntries(Array.from({ length: count }, (_, i) => [`name-${i}`, i])))
/**
 * An archive is in memory as base64 and as bytes, and so may the previous one be until V8 has collected it.
 */
const ARCHIVE_MB = 320
/** A file of 50 MB that is not a zip. */
const noZip = JSON.stringify({ ZipFile: Buffer.alloc(50 * MB, 'PK').toString('base64') })

async function send(victim: EnricherVictim, method: string, path: string, body: string): Promise<void> {
  await (
    await fetch(`${victim.url}${path}`, { method, body, headers: signedBy(victim, method, path, body) })
  ).arrayBuffer()
}
const invoke = (victim: EnricherVictim, body: string): Promise<void> =>
  send(victim, 'POST', invokePath(victim), body)
const invoking = (name: string, body: string): Attack<EnricherVictim> => ({
  name,
  known: true,
  run: (victim, signal) => flood(8, signal, () => invoke(victim, body)),
})

async function put(victim: EnricherVictim, table: string, value: string): Promise<void> {
  await (
    await fetch(`${victim.url}/v1/reference/${table}/greedy`, {
      method: 'PUT',
      body: value,
      headers: { ...JSON_TYPE, 'x-api-key': GREEDY_API_KEY },
    })
  ).text()
}

export const ATTACKS: readonly Attack<EnricherVictim>[] = [
  ...strangers(`${FUNCTIONS}/any/invocations`, JSON_TYPE),
  {
    name: 'a client without a key announces an archive and sends a byte a second',
    known: false,
    run: (victim, signal) =>
      flood(50, signal, () =>
        trickle(
          victim,
          signal,
          head(`${FUNCTIONS}/any/code`, { ...JSON_TYPE, 'content-length': 70_000_000 }, 'PUT'),
          1000,
        ),
      ),
  },
  invoking('a key invokes with six million brackets', '['.repeat(6 * MB)),
  invoking('a key invokes with three million numbers', `[${'1,'.repeat(3_000_000)}1]`),
  invoking('a key invokes with 6 MB of different names', names(250_000)),
  invoking('a key invokes with a text of 6 MB', JSON.stringify('x'.repeat(6_000_000))),
  {
    name: 'a client with a key requests answers of 6 MB, and does not read them',
    known: true,
    run: (victim, signal) =>
      flood(100, signal, () => {
        const [path, body] = [invokePath(victim), '{"what":"answer"}']
        return hold(
          open(victim),
          signal,
          head(path, { ...signedBy(victim, 'POST', path, body), 'content-length': body.length }),
          body,
        )
      }),
  },
  {
    name: 'a client with a key puts entries of reference tables that are deep, large or have many names',
    known: true,
    run: (victim, signal) =>
      flood(8, signal, (i) =>
        put(
          victim,
          'zones',
          ['{"a":'.repeat(120_000), JSON.stringify({ name: 'x'.repeat(900_000) }), names(40_000), '{}'][
            i % 4
          ],
        ),
      ),
  },
  ...['print', 'frames', 'large frames', 'loop'].map(
    (what): Attack<EnricherVictim> => ({
      name: `a client with a key keeps six functions busy (${what})`,
      known: true,
      run: (victim, signal) => flood(6, signal, () => invoke(victim, JSON.stringify({ what }))),
    }),
  ),
  {
    name: 'a client with a key sends 50 MB that are not an archive',
    known: true,
    growthMb: ARCHIVE_MB,
    run: (victim, signal) =>
      flood(4, signal, () => send(victim, 'PUT', `${FUNCTIONS}/${victim.functionName}/code`, noZip)),
  },
  {
    name: 'a client with a key announces archives on 100 connections and sends a byte a second',
    known: true,
    growthMb: ARCHIVE_MB,
    run: (victim, signal) =>
      flood(100, signal, () => {
        const path = `${FUNCTIONS}/${victim.functionName}/code`
        return trickle(
          victim,
          signal,
          head(path, { ...signedBy(victim, 'PUT', path, 'x'), 'content-length': 66_000_000 }, 'PUT'),
          1000,
        )
      }),
  },
]
