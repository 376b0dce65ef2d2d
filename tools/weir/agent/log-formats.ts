/** Formats of log lines. Each pattern takes time in proportion to the line: its parts cannot match the same text. */

export interface LogLine {
  readonly pattern: RegExp
  /** The names of its groups, as Amazon's agent has them. */
  readonly fields: readonly string[]
}

const COMMON = String.raw`^(\S+) (\S+) (\S+) \[([^\]]*)\] "([^"\\]*(?:\\.[^"\\]*)*)" (\d{3}|-) (\d+|-)`
const COMMON_FIELDS = ['host', 'ident', 'authuser', 'datetime', 'request', 'response', 'bytes']
const SYSLOG_REST = String.raw`(\S+) ([^\s:[]+)(?:\[([^\]]*)\])?: ?(.*)$`
const SYSLOG_FIELDS = ['timestamp', 'hostname', 'program', 'processid', 'message']

export const LOG_FORMATS = {
  COMMONAPACHELOG: { pattern: new RegExp(`${COMMON}$`), fields: COMMON_FIELDS },
  COMBINEDAPACHELOG: {
    pattern: new RegExp(String.raw`${COMMON} "([^"\\]*(?:\\.[^"\\]*)*)" "([^"\\]*(?:\\.[^"\\]*)*)"$`),
    fields: [...COMMON_FIELDS, 'referrer', 'agent'],
  },
  APACHEERRORLOG: {
    pattern:
      /^\[([^\]]*)\] \[([^:\]]*):([^\]]*)\] \[pid (\d+)(?::tid (\d+))?\](?: \[client ([^\]]*)\])? (.*)$/,
    fields: ['timestamp', 'module', 'severity', 'processid', 'threadid', 'client', 'message'],
  },
  SYSLOG: {
    pattern: new RegExp(String.raw`^([A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d) ${SYSLOG_REST}`),
    fields: SYSLOG_FIELDS,
  },
  RFC3339SYSLOG: {
    pattern: new RegExp(
      String.raw`^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)) ${SYSLOG_REST}`,
    ),
    fields: SYSLOG_FIELDS,
  },
} satisfies Readonly<Record<string, LogLine>>
export type LogFormat = keyof typeof LOG_FORMATS
