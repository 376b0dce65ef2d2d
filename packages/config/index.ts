/** Reads settings from the environment, and keeps secrets out of output. */
export * from './config.ts'
export * from './secrets.ts'
