#!/usr/bin/env node
/** `run.mjs node FILE …` or `run.mjs COMMAND …` (of node_modules/.bin) on Node 24. */
import { commandFile, fail, install, runOnNode24 } from './node24.mjs'

const [command, ...args] = process.argv.slice(2)
if (command === undefined) fail('Usage: node bin/run.mjs COMMAND ARGUMENTS')
install()
runOnNode24(command === 'node' ? args : [commandFile(command), ...args])
