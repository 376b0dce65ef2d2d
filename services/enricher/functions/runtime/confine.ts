/**
 * The kernel confines the processes of functions, whatever their runtimes do: always by limits and dropped
 * privileges, and by namespaces of their own if this process may create them. In these, they have a read-only
 * root that shows only the system's programs, their code and their runtime, and they see no other process.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { existsSync, openSync, readdirSync, readFileSync, readlinkSync, realpathSync } from 'node:fs'
import { dirname } from 'node:path'

export type Confinement = 'namespaces' | 'process only'

/** The folders of the tools that set this up. */
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
const LAUNCH_ENVIRONMENT = { PATH }

/** No core is dumped, nothing is written to regular files, and the limit of descriptors is that of AWS. */
const LIMITS = '{ ulimit -c 0; ulimit -f 0; ulimit -n 1024; } 2>/dev/null'
/**
 * Limits the number of processes. Shells differ in the letter. In a user namespace, processes outside it do
 * not count.
 */
const PROCESSES = '{ ulimit -u 1024 || ulimit -p 1024; } 2>/dev/null'

/**
 * The limits of new namespaces, in /proc/sys. If the service is root, what is written there passes as root's:
 * list nothing here that any kernel has for the whole machine.
 */
const NAMESPACE_LIMITS: readonly (readonly [name: string, value: string])[] = [
  // The kernel counts these together for the host's user too, so that functions could take all that it has.
  ['user/max_inotify_instances', '4'],
  ['user/max_inotify_watches', '1024'],
  ['user/max_fanotify_groups', '4'],
  ['user/max_fanotify_marks', '1024'],
  // This memory belongs to no process, so it could not be measured. Before Linux 6.9, only root may set these.
  ['kernel/shmmni', '0'],
  ['kernel/msgmni', '0'],
  ['kernel/sem', '0 0 0 0'],
  ['fs/mqueue/queues_max', '0'],
]

/** Where the new root is assembled. The original contents are not shown. */
const ROOT = '/sys'
const PROGRAMS = [
  '/bin',
  '/sbin',
  '/lib',
  '/lib32',
  '/lib64',
  '/libx32',
  ...['bin', 'sbin', 'lib', 'lib32', 'lib64', 'libx32', 'libexec', 'share'].map((name) => `/usr/${name}`),
  ...['bin', 'sbin', 'lib', 'lib64', 'share'].map((name) => `/usr/local/${name}`),
]
/** These serve to find names, public certificates, time zones and shared libraries. */
const ETC = [
  'alternatives',
  'gai.conf',
  'group',
  'host.conf',
  'hosts',
  'ld.so.cache',
  'localtime',
  'mime.types',
  'nsswitch.conf',
  'passwd',
  'pki/ca-trust',
  'pki/tls/cert.pem',
  'pki/tls/certs',
  'protocols',
  'resolv.conf',
  'services',
  'ssl/cert.pem',
  'ssl/certs',
  'ssl/openssl.cnf',
].map((name) => `/etc/${name}`)
const DEVICES = ['null', 'zero', 'full', 'random', 'urandom'].map((name) => `/dev/${name}`)

/**
 * The kernel kills the process when its service dies, even in an endless loop. No program can give it
 * privileges.
 */
const DEATH_WATCH = ['setpriv', '--pdeathsig', 'KILL', '--no-new-privs']
/** Even root has no privileges. */
const GIVE_UP = ['--bounding-set=-all', '--inh-caps=-all']
const UNSHARE = [
  'unshare',
  '--user',
  '--map-root-user',
  '--mount',
  '--pid',
  '--ipc',
  '--fork',
  '--kill-child=KILL',
]

/** A probe takes some 50 ms; on a busy machine, much longer. */
const PROBE_MS = 10_000

/** O_CLOEXEC. */
const CLOSED_ON_EXEC = 0o2000000

let inherited: ReturnType<typeof findInherited> | undefined
let guard: readonly string[] | undefined
let found: Confinement | undefined

/** Returns how functions are confined on this machine; the first call probes it. */
export function confinement(): Confinement {
  found ??= namespacesWork() ? 'namespaces' : 'process only'
  return found
}

/**
 * Starts a confined program in the folder `cwd`, as the leader of a process group, with pipes for its output
 * and for the descriptors `pipes`. `readable` lists the folders and files that it needs besides the system's
 * programs. With namespaces, it sees nothing else; without them, it sees what this process's user sees.
 */
export function startConfined(
  program: readonly string[],
  readable: readonly string[],
  cwd: string,
  how = confinement(),
  pipes: readonly number[] = [3],
): ChildProcess {
  const [file, ...arguments_] = confined(program, readable, how)
  inherited ??= findInherited()
  const stdio = Array<number | 'ignore' | 'pipe'>(Math.max(...pipes, ...inherited.keys()) + 1).fill('ignore')
  for (const [descriptor, nothing] of inherited) stdio[descriptor] = nothing
  for (const descriptor of [1, 2, ...pipes]) stdio[descriptor] = 'pipe'
  return spawn(file, arguments_, { cwd, env: LAUNCH_ENVIRONMENT, stdio, detached: true })
}

/**
 * Returns the descriptors that this process inherited, perhaps for a lock or a folder, and for each one that
 * leads to /dev/null.
 */
function findInherited(): ReadonlyMap<number, number> {
  const descriptors = existsSync('/proc/self/fdinfo') ? readdirSync('/proc/self/fdinfo').map(Number) : []
  const found = descriptors.filter((descriptor) => descriptor > 2 && isInherited(descriptor))
  const nothing = found.length > 0 ? openSync('/dev/null', 'r+') : -1
  return new Map(found.map((descriptor) => [descriptor, nothing]))
}

/**
 * Whether children of this process inherit the descriptor. They do not inherit those that Node opened itself.
 */
function isInherited(descriptor: number): boolean {
  try {
    const [, flags = '0'] =
      /^flags:\s+(\d+)/m.exec(readFileSync(`/proc/self/fdinfo/${descriptor}`, 'latin1')) ?? []
    return (parseInt(flags, 8) & CLOSED_ON_EXEC) === 0
  } catch {
    // It was the descriptor that listed the others.
    return false
  }
}

/** Returns the command that runs `program` confined. */
function confined(
  program: readonly string[],
  readable: readonly string[],
  how: Confinement,
): readonly string[] {
  if (how === 'process only') {
    return ['/bin/sh', '-c', `${LIMITS}; exec "$@"`, 'sh', ...(guard ??= findGuard()), ...program]
  }
  return [...DEATH_WATCH, '--', ...UNSHARE, '/bin/sh', '-c', inNewRoot(readable), 'sh', ...program]
}

/**
 * Returns a script that assembles the root, gives up the privileges needed for that, and runs its arguments.
 */
function inNewRoot(readable: readonly string[]): string {
  const folders = new Set(['/proc', '/dev', '/etc', '/tmp'])
  const files = new Set<string>()
  const table: string[] = []
  const execution = executionOf(readFileSync('/proc/self/mountinfo', 'utf8'))
  for (const path of shown([...PROGRAMS, ...ETC, ...DEVICES, ...readable])) {
    const isFolder = existsSync(`${path}/.`)
    folders.add(isFolder ? path : dirname(path))
    if (!isFolder) files.add(path)
    const options = DEVICES.includes(path)
      ? 'bind'
      : `${isFolder ? 'rbind' : 'bind'},ro,nosuid,nodev${execution(path)}`
    table.push(`${escaped(path)} ${escaped(ROOT + path)} none ${options} 0 0`)
  }
  return [
    'set -e',
    `mount -t tmpfs -o mode=755,nosuid,nodev,size=1m,nr_inodes=1k weir ${ROOT}`,
    `cd ${ROOT}`,
    `mkdir -p ${[...folders].map((path) => quoted(`.${path}`)).join(' ')}`,
    ...[...files].map((path) => `: > ${quoted(`.${path}`)}`),
    'ln -s /proc/self/fd dev',
    `printf '%s\\n' ${table.map(quoted).join(' ')} > table`,
    `mount --all --fstab table`,
    'rm table',
    // Otherwise the program would regain privileges in a user namespace that it creates itself.
    'mount -t proc -o nosuid,nodev,noexec proc proc',
    'echo 0 > proc/sys/user/max_user_namespaces',
    // A kernel that has no such limit, or refuses it, is left as it is.
    ...NAMESPACE_LIMITS.map(([name, value]) => `{ echo '${value}' > proc/sys/${name}; } 2>/dev/null || :`),
    'mount -o remount,bind,ro,nosuid,nodev,noexec proc',
    'mount -o remount,bind,ro,nosuid,nodev .',
    'pivot_root . .',
    'umount -l .',
    'cd "$OLDPWD"',
    'set +e',
    `${LIMITS}; ${PROCESSES}`,
    // The shell's exit status shows how the program ended. What it would print about that is not the
    // function's output.
    'exec 9>&2 2>/dev/null',
    `(exec setpriv ${GIVE_UP.join(' ')} -- "$@" 2>&9 9>&-)`,
    'exit $?',
  ].join('\n')
}

/**
 * Returns a function that gives the option a path must keep: a user namespace cannot allow what the original
 * mount forbids.
 */
function executionOf(mountinfo: string): (path: string) => string {
  const mounts = mountinfo
    .trim()
    .split('\n')
    .map((line) => line.split(' '))
  return (path) => {
    const real = `${escaped(realpathSync(path))}/`
    // The fifth field is the mount point, the sixth its options; a later mount covers earlier ones.
    const options = mounts.findLast(({ 4: point }) =>
      real.startsWith(point.endsWith('/') ? point : `${point}/`),
    )?.[5]
    return options?.split(',').includes('noexec') ? ',noexec' : ''
  }
}

/** Returns the paths that exist and are not inside another one, parents before their contents. */
function shown(paths: readonly string[]): readonly string[] {
  const sorted = [...new Set(paths)].filter((path) => existsSync(path)).sort((a, b) => (a < b ? -1 : 1))
  return sorted.filter((path) => !sorted.some((other) => path.startsWith(`${other}/`)))
}

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`
/** Escapes a path for fstab. */
const escaped = (path: string): string =>
  path.replace(/[\s\\]/g, (char) => `\\${char.charCodeAt(0).toString(8).padStart(3, '0')}`)

/**
 * If util-linux has no setpriv, the process notices a dead service only when its event loop turns, by the
 * closed pipe.
 */
function findGuard(): readonly string[] {
  const guards = [
    [...DEATH_WATCH, ...GIVE_UP, '--'],
    [...DEATH_WATCH, '--'],
  ]
  return guards.find((one) => runs([...one, '/bin/sh', '-c', ':'])) ?? []
}

/** Whether a program in namespaces runs, reads this folder, and sees no other process and no other file. */
function namespacesWork(): boolean {
  if (process.platform !== 'linux') return false
  const folder = import.meta.dirname
  const pids = readlinkSync('/proc/self/ns/pid')
  const check =
    'test -r "$1" && ! test -e /sys && ! test -w / && test "$(readlink /proc/self/ns/pid)" != "$2"'
  return runs(confined(['/bin/sh', '-c', check, 'sh', folder, pids], [folder], 'namespaces'))
}

function runs([file, ...arguments_]: readonly string[]): boolean {
  const options = { env: LAUNCH_ENVIRONMENT, cwd: '/', timeout: PROBE_MS, stdio: 'ignore' } as const
  return spawnSync(file, arguments_, options).status === 0
}
