#!/usr/bin/env node
/**
 * `npm test`: unit, integration, conformance and end-to-end tests in one run, which starts the servers once.
 * Arguments go to vitest.
 */
import { spawnSync } from 'node:child_process'
import { commandFile, environment, install, node, root, runOnNode24 } from './node24.mjs'

install()
process.chdir(root)
const { status } = spawnSync(node, ['packages/stack/prepare.ts'], { stdio: 'inherit', env: environment })
if (status !== 0) process.exit(1)
const projects = ['unit', 'integration', 'conformance', 'alone', 'e2e'].flatMap((project) => [
  '--project',
  project,
])
runOnNode24([commandFile('vitest'), 'run', ...projects, ...process.argv.slice(2)])
