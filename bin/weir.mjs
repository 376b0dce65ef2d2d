#!/usr/bin/env node
/** The `weir` command. */
import { join } from 'node:path'
import { root, runOnNode24 } from './node24.mjs'

runOnNode24([join(root, 'tools/weir/main.ts'), ...process.argv.slice(2)])
