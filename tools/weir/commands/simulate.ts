import { command, wholeNumber } from '../command.ts'
import { EXIT } from '../exit.ts'
import { openItemsApi } from '../items-api.ts'
import { openReferenceApi } from '../reference/api.ts'
import { readSettings } from '../settings.ts'
import { simulate as run, type SimulatorCounts } from '../simulate/simulate.ts'
import { namedSolutions } from '../solutions.ts'
import { print, untilStopped } from '../terminal/output.ts'
import { thousands } from '../terminal/table.ts'
import { openAlertsApi } from './alerts-api.ts'
import { readSigning } from './functions-api.ts'

const usage = `
weir simulate [SOLUTION …] [options]

Simulates the devices of the solutions (all of them, or those given here or in WEIR_SOLUTIONS) until Ctrl-C.
Fills empty reference tables first. The source of its records is simulator. While the hub is down, reports
wait, as they would in a device; when too many wait, the oldest are dropped.

In an inbox (INBOX_URL), which \`weir up\` starts, it also subscribes the people of the solutions to their
notifications, by e-mail only if the alerter sends its e-mails there (INBOX_SMTP_URL).

  --devices N   the number of devices per solution (60)
  --json        prints the summary as JSON

Example
  weir simulate orders --devices 500
`

export const simulate = command({
  name: 'simulate',
  summary: 'Simulate the devices of the solutions',
  usage,
  options: { devices: { type: 'string' }, json: { type: 'boolean', default: false } },
  async run({ devices, json }, positionals) {
    const { urls, apiKey, inbox } = readSettings()
    const signal = untilStopped()
    const counts: SimulatorCounts = { stored: 0, refused: 0, dropped: 0 }
    await run(
      {
        solutions: namedSolutions(positionals),
        signal,
        hub: urls['ingest-hub'],
        apiKey,
        devices: wholeNumber('--devices', devices, 60, 1, 100_000),
        reference: openReferenceApi(urls.enricher, apiKey),
        items: openItemsApi(urls.pricing, apiKey),
        ...(inbox && {
          inbox: {
            ...inbox,
            alerts: () => openAlertsApi({ url: urls.alerter, apiKey, signing: readSigning() }),
          },
        }),
        log: (sentence) => process.stderr.write(`simulator: ${sentence}\n`),
      },
      counts,
    )
    await print(
      json
        ? `${JSON.stringify(counts)}\n`
        : `Stored ${thousands(counts.stored)} reports, refused ${thousands(counts.refused)}, dropped ${thousands(counts.dropped)}.\n`,
    )
    return EXIT.ok
  },
})
