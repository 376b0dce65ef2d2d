/** A mail server and an HTTP subscriber for trying things out, with a page of what came. Listens on this machine only. */
import { readConfig } from '@weir/config'
import { configured } from '@weir/service'
import { config } from './config.ts'
import { inbox } from './inbox.ts'

await inbox(configured((env) => readConfig(env, config))).start()
