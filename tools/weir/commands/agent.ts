import { logger } from '@weir/service'
import { runAgent } from '../agent/agent.ts'
import { readAgentConfig } from '../agent/config.ts'
import { command, onlyPositionals, UsageError } from '../command.ts'
import { EXIT } from '../exit.ts'
import { readSettings } from '../settings.ts'
import { print, untilStopped } from '../terminal/output.ts'

const usage = `
weir agent FILE [--check]

Tails log files, and sends their lines to delivery streams and streams, by Firehose's and Kinesis' APIs. FILE is the
configuration that users of Amazon's Kinesis Agent have, agent.json. Requests go to ingest-hub, or to the file's
firehose.endpoint and kinesis.endpoint, signed with its awsAccessKeyId and awsSecretAccessKey, or with
AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.

A line is sent at least once: how far each file is stored is in the checkpointFile (./weir-agent.checkpoints), and the
agent goes on from there. Files may be rotated by copying, renaming, creating and truncating.

  --check   prints what would be sent where, and ends

Example
  {
    "flows": [
      { "filePattern": "/var/log/shop/*.log", "deliveryStream": "clicks" },
      {
        "filePattern": "/var/log/apache2/access.log",
        "kinesisStream": "visits",
        "dataProcessingOptions": [{ "optionName": "LOGTOJSON", "logFormat": "COMBINEDAPACHELOG" }]
      }
    ]
  }

Options of a flow, with what they are if left out
  initialPosition                END_OF_FILE or START_OF_FILE, for files that are there at the first start (END_OF_FILE)
  maxBufferAgeMillis             sends records that are this old (60000)
  maxBufferSizeRecords           records of a request (500)
  maxBufferSizeBytes             bytes of a request (4 MiB; Kinesis: 5 MiB)
  minTimeBetweenFilePollsMillis  (100)
  multiLineStartPattern          matches the first line of each record (each line is a record)
  skipHeaderLines                lines at the beginning of each file that are left out (0)
  truncatedRecordTerminator      the end of lines that were too long (a line feed)
  aggregatedRecordSizeBytes      puts lines together into records of this size (0: each line is a record)
  partitionKeyOption             RANDOM or DETERMINISTIC, for a stream (RANDOM)
  dataProcessingOptions          SINGLELINE, CSVTOJSON, LOGTOJSON and ADDMETADATA, in their order
`

export const agent = command({
  name: 'agent',
  summary: 'Tail log files into delivery streams and streams, as configured by agent.json',
  usage,
  options: { check: { type: 'boolean', default: false } },
  async run({ check }, positionals) {
    onlyPositionals(positionals, 1)
    const [file] = positionals
    if (file === undefined) throw new UsageError('The configuration is missing; write `weir agent FILE`.')
    const config = readAgentConfig(file, { hubUrl: readSettings().urls['ingest-hub'], env: process.env })
    for (const warning of config.warnings) process.stderr.write(`weir agent: ${file}: ${warning}\n`)
    if (check) {
      await print(
        config.flows
          .map(({ files, api, stream }) => {
            const from = files.map(({ folder, names }) => `${folder}/${names}`).join(', ')
            const to = api === 'firehose' ? `delivery stream ${stream}` : `stream ${stream}`
            return `${from} → ${to} at ${config.urls[api].origin}\n`
          })
          .join(''),
      )
      return EXIT.ok
    }
    await runAgent(config, logger('agent'), untilStopped())
    return EXIT.ok
  },
})
