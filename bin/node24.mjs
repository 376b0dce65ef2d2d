/**
 * Installs the dependencies and runs a command on Node 24 (npm's `node` package). This file itself runs on
 * Node 20 and newer.
 */
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, realpathSync, statSync } from 'node:fs'
import { constants } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = dirname(dirname(fileURLToPath(import.meta.url)))
const bin = join(root, 'node_modules/.bin')
export const node = join(bin, 'node')

/**
 * The environment of a command and of all that it starts. Node keeps compiled code, with TypeScript's types
 * stripped, which saves a third of the time that a service takes to start.
 */
export const environment = {
  ...process.env,
  NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? join(root, '.weir/compiled'),
  PATH: `${bin}${delimiter}${process.env.PATH}`,
}

/** The script of an installed command. */
export function commandFile(name) {
  const path = join(bin, name)
  return existsSync(path) ? realpathSync(path) : fail(`There is no command "${name}" in node_modules/.bin.`)
}

/** Runs a script on Node 24 in the caller's folder and ends as it ends. */
export function runOnNode24(args) {
  install()
  const child = spawn(node, args, { stdio: 'inherit', env: environment })
  // A terminal sends Ctrl-C to the child too; sent twice it would mean "at once".
  process.on('SIGINT', () => process.stdin.isTTY || child.kill('SIGINT'))
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  endWithNpm(child)
  child.once('error', (error) => fail(`Node 24 at ${node} does not start: ${error.message}.`))
  child.once('exit', (code, signal) => process.exit(code ?? 128 + constants.signals[signal]))
}

/**
 * The shell between npm and this script dies of npm's SIGTERM without passing it on, so the loss of the
 * parent counts as the signal.
 */
function endWithNpm(child) {
  if (process.env.npm_lifecycle_event === undefined) return
  const parent = process.ppid
  const timer = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(timer)
    child.kill('SIGTERM')
  }, 500)
  timer.unref()
}

/** `npm ci` where node_modules is missing or older than the lock file. */
export function install() {
  const [nodeMajor] = process.versions.node.split('.')
  if (Number(nodeMajor) < 20) fail(`This is Node ${process.versions.node}: install Node 20 or newer.`)
  if (!isInstalled()) {
    process.stderr.write('Installing dependencies with npm ci (a minute or two the first time) …\n')
    // node_modules may belong to an older Node: npm's own `node` must not be found there while it is
    // replaced.
    const npm = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
      cwd: root,
      encoding: 'utf8',
      // Older versions of npm do not know allowScripts: its script would fetch libraries for graphics cards.
      env: { ...process.env, ONNXRUNTIME_NODE_INSTALL: 'skip' },
      shell: process.platform === 'win32',
    })
    if (npm.error)
      fail(`npm could not be started (${npm.error.message}): install npm, which comes with Node.`)
    if (npm.status !== 0) fail(`npm ci failed: ${firstError(npm.stderr)}`)
  }
  if (!existsSync(node))
    fail(
      'npm did not install Node 24: allow the install script of the package "node" (npm config: ignore-scripts=false), remove node_modules and start again.',
    )
}

function isInstalled() {
  const installed = statSync(join(root, 'node_modules/.package-lock.json'), { throwIfNoEntry: false })
  return installed !== undefined && installed.mtimeMs >= statSync(join(root, 'package-lock.json')).mtimeMs
}

const firstError = (output) =>
  output
    .split('\n')
    .map((line) => line.replace(/^npm (error|ERR!) ?/, '').trim())
    .find((line) => line !== '' && !line.startsWith('code ')) ??
  'it gave no reason; run it by hand in this folder.'

export function fail(sentence) {
  process.stderr.write(`${sentence}\n`)
  process.exit(1)
}
