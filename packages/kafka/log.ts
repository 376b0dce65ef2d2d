/** The logger that the drivers need; the services' own (pino) fits. */
export interface KafkaLog {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

const nothing = (): void => {}
export const SILENT: KafkaLog = { debug: nothing, info: nothing, warn: nothing, error: nothing }
