/** Execution environments of functions whose code is in the test; they end with it. */
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach } from 'vitest'
import { type Confinement, confinement } from '../runtime/confine.ts'
import { type Environment, openEnvironment } from '../runtime/environment.ts'
import type { EnvironmentOptions } from '../runtime/options.ts'
import { findPython } from '../runtime/python.ts'
import type { InvocationResult } from '../runtime/result.ts'

/** The confinement that this machine supports, and the one that every machine supports. */
export const CONFINEMENTS = [...new Set<Confinement>([confinement(), 'process only'])]

export const root = realpathSync(mkdtempSync(join(tmpdir(), 'functions-')))
const opened: Environment[] = []
let count = 0

afterEach(async () => {
  await Promise.all(opened.splice(0).map((environment) => environment.stop()))
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

/** A folder with these files; `bootstrap` can be executed. */
export function code(files: Readonly<Record<string, string>>): string {
  const directory = join(root, `f${++count}`)
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(directory, name, '..'), { recursive: true })
    writeFileSync(join(directory, name), text, { mode: name === 'bootstrap' ? 0o755 : 0o644 })
  }
  return directory
}

export interface Opened {
  readonly environment: Environment
  readonly lines: string[]
  invoke(event?: unknown, requestId?: string): Promise<InvocationResult>
}

export function open(
  files: string | Readonly<Record<string, string>>,
  options: Partial<EnvironmentOptions> = {},
): Opened {
  const lines: string[] = []
  const environment = openEnvironment({
    functionName: 'taxis',
    functionArn: 'arn:aws:lambda:eu-west-1:000000000000:function:taxis',
    version: '7',
    handler: 'index.handler',
    environment: {},
    directory: code(typeof files === 'string' ? { 'index.mjs': files } : files),
    memoryMb: 256,
    timeoutMs: 3000,
    log: (line) => void lines.push(line),
    ...options,
  })
  opened.push(environment)
  return {
    environment,
    lines,
    invoke: (event = {}, requestId = 'id-1') =>
      environment.invoke(Buffer.from(JSON.stringify(event)), { requestId }),
  }
}

/** How many processes of this machine have the text in their command. */
export function running(text: string): number {
  return readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes(text)
    } catch {
      return false
    }
  }).length
}

export const json = (outcome: InvocationResult): unknown => JSON.parse(outcome.payload.toString())

export const python = findPython('python3')

/** Opens an environment whose app.py has the text. */
export const openPython = (text: string, options: Partial<EnvironmentOptions> = {}): Opened =>
  open(
    { 'app.py': text },
    { runtime: 'python', python, handler: 'app.handler', timeoutMs: 20_000, ...options },
  )

/**
 * A bootstrap in Perl, which every Debian has. `serve` gets the request's id, the event's text and the
 * headers.
 */
const PERL = `#!/usr/bin/perl
use strict; use IO::Socket::INET; $| = 1;
sub call {
  my ($method, $path, $body) = @_;
  my $s = IO::Socket::INET->new(PeerAddr => $ENV{AWS_LAMBDA_RUNTIME_API}) or die "no Runtime API: $!";
  my $length = length($body // '');
  my $headers = "Host: x\\r\\nConnection: close\\r\\nContent-Length: $length\\r\\n\\r\\n";
  print $s "$method /2018-06-01/runtime$path HTTP/1.1\\r\\n$headers" . ($body // '');
  local $/; my $all = <$s>; my ($head, $rest) = split /\\r\\n\\r\\n/, $all, 2;
  return ($head =~ m{^HTTP/1.1 (\\d+)}, $head, $rest);
}
`
const SERVE = `
while (1) {
  my ($status, $head, $event) = call('GET', '/invocation/next');
  my ($id) = $head =~ /Lambda-Runtime-Aws-Request-Id: (\\S+)/i;
  serve($id, $event, $head);
}`
/** Opens an environment whose bootstrap is Perl with this text, which has `serve`. */
export const openProvided = (text: string, options: Partial<EnvironmentOptions> = {}): Opened =>
  open(
    { bootstrap: PERL + text + SERVE },
    { runtime: 'provided', handler: 'any.name', timeoutMs: 20_000, ...options },
  )
