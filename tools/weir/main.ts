/** The `weir` command: `weir COMMAND …`. A new command is one line in the table. */
import { adoptStack } from '@weir/stack/state.ts'
import type { Command } from './command.ts'
import { EXIT, EXIT_CODES } from './exit.ts'
import { hint } from './nearest.ts'

/**
 * Commands in the order of `weir --help`. Only the one that runs is loaded, because Kafka clients take half a
 * second to load.
 */
const commands: Readonly<Record<string, () => Promise<Command>>> = {
  up: async () => (await import('./commands/up.ts')).up,
  down: async () => (await import('./commands/down.ts')).down,
  status: async () => (await import('./commands/status.ts')).status,
  topics: async () => (await import('./commands/topics.ts')).topics,
  acl: async () => (await import('./commands/acl.ts')).acl,
  iam: async () => (await import('./commands/iam.ts')).iam,
  lag: async () => (await import('./commands/lag.ts')).lag,
  reset: async () => (await import('./commands/reset.ts')).reset,
  tail: async () => (await import('./commands/tail.ts')).tail,
  objects: async () => (await import('./commands/objects.ts')).objects,
  send: async () => (await import('./commands/send.ts')).send,
  agent: async () => (await import('./commands/agent.ts')).agent,
  replay: async () => (await import('./commands/replay.ts')).replay,
  simulate: async () => (await import('./commands/simulate.ts')).simulate,
  detect: async () => (await import('./commands/detect.ts')).detect,
  etl: async () => (await import('./commands/etl.ts')).etl,
  dlq: async () => (await import('./commands/dlq.ts')).dlq,
  state: async () => (await import('./commands/state.ts')).state,
  reference: async () => (await import('./commands/reference.ts')).reference,
  functions: async () => (await import('./commands/functions.ts')).functions,
  alerts: async () => (await import('./commands/alerts.ts')).alerts,
  models: async () => (await import('./commands/models.ts')).models,
  deliveries: async () => (await import('./commands/deliveries.ts')).deliveries,
  catalog: async () => (await import('./commands/catalog.ts')).catalog,
  prices: async () => (await import('./commands/prices.ts')).prices,
  rules: async () => (await import('./commands/rules.ts')).rules,
  new: async () => (await import('./commands/new.ts')).create,
  size: async () => (await import('./commands/size.ts')).size,
  'check-config': async () => (await import('./commands/check-config.ts')).checkConfig,
}

async function help(): Promise<string> {
  const all = await Promise.all(Object.values(commands).map((load) => load()))
  const width = Math.max(...all.map(({ name }) => name.length))
  const list = all.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`).join('\n')
  return `Usage: weir COMMAND …\n\n\`weir COMMAND --help\` shows its options and examples.\n\n${list}\n\n${EXIT_CODES}\n`
}

async function main([name, ...args]: string[]): Promise<number> {
  if (name === undefined || name === 'help' || name === '--help' || name === '-h') {
    process.stdout.write(await help())
    return name === undefined ? EXIT.usage : EXIT.ok
  }
  if (!Object.hasOwn(commands, name)) {
    process.stderr.write(
      `weir: There is no command "${name}".${hint(name, Object.keys(commands))} See \`weir --help\`.\n`,
    )
    return EXIT.usage
  }
  if (name !== 'up') adoptStack()
  return (await commands[name]!()).run(args)
}

process.exitCode = await main(process.argv.slice(2))
