/** kubectl in the namespace of the tests, and other commands that answer with what they wrote. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)
/** The namespace is emptied before and removed after a run. Two runs at a time need two namespaces. */
export const NAMESPACE = process.env.WEIR_NAMESPACE ?? 'weir-test'
export const IMAGE = process.env.WEIR_IMAGE ?? 'weir:local'

export interface Ran {
  readonly code: number
  readonly output: string
}

export async function ran(command: string, args: readonly string[]): Promise<Ran> {
  try {
    const { stdout, stderr } = await run(command, args, { maxBuffer: 1 << 26 })
    return { code: 0, output: stdout + stderr }
  } catch (error) {
    const {
      code,
      stdout = '',
      stderr = '',
      message,
    } = error as Error & { code?: number | string; stdout?: string; stderr?: string }
    return { code: typeof code === 'number' ? code : 1, output: stdout + stderr || message }
  }
}

export function expectDone({ code, output }: Ran): string {
  if (code !== 0) throw new Error(output)
  return output
}

export function kubectl(...args: readonly string[]): Promise<Ran> {
  return ran('kubectl', ['--namespace', NAMESPACE, ...args])
}

export async function apply(manifest: object): Promise<void> {
  const child = execFile('kubectl', ['apply', '--filename', '-'])
  child.stdin!.end(JSON.stringify(manifest))
  let output = ''
  child.stderr!.on('data', (data) => {
    output += data
  })
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
  if (code !== 0) throw new Error(`kubectl apply: ${output}`)
}

/** Runs a command in a privileged pod of kube-system, which can reach folders of the node. */
export async function onNode(command: string): Promise<void> {
  const name = `${NAMESPACE}-${Math.random().toString(36).slice(2)}`
  const pod = {
    spec: {
      restartPolicy: 'Never',
      tolerations: [{ operator: 'Exists' }],
      volumes: [{ name: 'tmp', hostPath: { path: '/tmp' } }],
      containers: [
        {
          name,
          image: IMAGE,
          imagePullPolicy: 'IfNotPresent',
          command: ['sh', '-c', command],
          securityContext: { runAsUser: 0 },
          volumeMounts: [{ name: 'tmp', mountPath: '/tmp' }],
        },
      ],
    },
  }
  expectDone(
    await ran('kubectl', [
      'run',
      name,
      '--namespace=kube-system',
      `--image=${IMAGE}`,
      '--restart=Never',
      '--rm',
      '--attach',
      '--quiet',
      `--overrides=${JSON.stringify(pod)}`,
    ]),
  )
}
