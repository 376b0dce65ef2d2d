import { spawnSync } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { StackError } from '@weir/stack/errors.ts'
import { endOrphans } from '@weir/stack/orphans.ts'
import { checkout } from '@weir/stack/paths.ts'
import { stillRuns } from '@weir/stack/process.ts'
import { readState } from '@weir/stack/state.ts'
import { command, onlyPositionals } from '../command.ts'
import { EXIT } from '../exit.ts'

const usage = `
weir down [--docker]

Stops everything that \`weir up\` started, services before servers, and nothing else. Data is kept. Also ends
processes that a killed supervisor left behind.

  --docker   runs \`docker compose down\` instead
`

/** Three services drain for up to 10 s each, and servers are killed after 15 s. */
const PATIENCE = 90_000

export const down = command({
  name: 'down',
  summary: 'Stop everything that `weir up` started',
  usage,
  options: { docker: { type: 'boolean', default: false } },
  async run({ docker }, positionals) {
    onlyPositionals(positionals, 0)
    if (docker)
      return spawnSync('docker', ['compose', 'down'], { cwd: checkout, stdio: 'inherit' }).status === 0
        ? EXIT.ok
        : EXIT.refused
    const state = readState()
    if (state === undefined) {
      process.stdout.write('Nothing is running.\n')
      return EXIT.ok
    }
    if (stillRuns(state.supervisor)) {
      process.kill(state.supervisor.pid, 'SIGTERM')
      for (const deadline = Date.now() + PATIENCE; stillRuns(state.supervisor); await sleep(100)) {
        if (Date.now() > deadline)
          throw new StackError(
            `The supervisor (pid ${state.supervisor.pid}) does not stop; end it with kill -9 and run \`weir down\` again.`,
          )
      }
      process.stdout.write('Stopped.\n')
    } else {
      const ended = await endOrphans(state)
      process.stdout.write(
        `The supervisor was gone; ended ${ended.length > 0 ? ended.join(', ') : 'nothing, as none of its processes was left'}.\n`,
      )
    }
    return EXIT.ok
  },
})
