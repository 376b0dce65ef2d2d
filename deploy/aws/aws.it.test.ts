/**
 * Checks the files that docs/msk.md says to apply, with cfn-lint, eksctl's own schema and parliament. None of
 * them contacts AWS.
 */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { iamPolicies } from '@weir/contracts/iam.ts'
import { PRINCIPALS } from '@weir/contracts/rights.ts'
import { topics } from '@weir/solutions'
import { pythonWith } from '@weir/stack/python.ts'
import { afterAll, beforeAll, expect, test } from 'vitest'

/** The newest release whose module the Go proxy serves. */
const EKSCTL = 'github.com/weaveworks/eksctl@v0.215.0'
const CLUSTER = 'arn:aws:kafka:eu-central-1:111122223333:cluster/weir/0a1b2c3d-0000-0000-0000-000000000000-1'

const here = import.meta.dirname
const scratch = mkdtempSync(join(tmpdir(), 'weir-aws-'))
let python: string
let schema: string
beforeAll(async () => {
  python = await pythonWith('aws', join(here, 'requirements.txt'))
  const { stdout } = await promisify(execFile)('go', ['mod', 'download', '-json', EKSCTL], { cwd: scratch })
  schema = join((JSON.parse(stdout) as { Dir: string }).Dir, 'pkg/apis/eksctl.io/v1alpha5/assets/schema.json')
})
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

async function run(
  input: string,
  command: string,
  ...args: readonly string[]
): Promise<{ code: number; output: string }> {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] })
  child.stdin.end(input)
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (data: Buffer) => {
      output += data
    })
  const [code] = await once(child, 'close')
  return { code, output }
}

function changed(file: string, from: string, to: string): string {
  const text = readFileSync(join(here, file), 'utf8')
  expect(text).toContain(from)
  const path = join(scratch, file)
  writeFileSync(path, text.replace(from, to))
  return path
}

const lint = (path: string) =>
  run('', python, join(dirname(python), 'cfn-lint'), '--regions', 'eu-central-1', '--', path)

test('the commands of docs/msk.md that need neither AWS nor a broker run, and the files that it names exist', async () => {
  const page = readFileSync(join(here, '../../docs/msk.md'), 'utf8')
  const commands = page
    .split('\n')
    .filter((line) => /^npx weir (acl print|iam print|size) [^$]*$|^npx weir acl print$/.test(line))
    .map((line) => line.split(' ').slice(2))
  expect(commands.map(([name]) => name)).toEqual(['acl', 'acl', 'iam', 'size'])
  for (const args of commands) {
    const { code, output } = await run('', process.execPath, join(here, '../../tools/weir/main.ts'), ...args)
    expect({ args, code }, output).toEqual({ args, code: 0 })
    expect(output.length).toBeGreaterThan(500)
  }
  for (const file of page.matchAll(/deploy\/aws\/[a-z]+\.yaml/g)) readFileSync(join(here, '../..', file[0]))
})

test('CloudFormation accepts the template of the brokers', async () => {
  expect(await lint(join(here, 'msk.yaml'))).toEqual({ code: 0, output: '' })
  const { code, output } = await lint(changed('msk.yaml', 'InCluster', 'Incluster'))
  expect(code).not.toBe(0)
  expect(output).toContain('Incluster')
})

test('eksctl accepts the file of the Kubernetes cluster', async () => {
  const validate = (path: string) => run('', python, join(here, 'validate.py'), schema, path)
  expect(await validate(join(here, 'eksctl.yaml'))).toEqual({ code: 0, output: '' })
  expect(await validate(changed('eksctl.yaml', 'minSize', 'minsize'))).toMatchObject({
    code: 1,
    output: expect.stringContaining('managedNodeGroups/0: '),
  })
})

test('the policies name actions that IAM knows, on resources that these actions accept', async () => {
  const policies = Object.fromEntries(
    PRINCIPALS.flatMap((principal) =>
      iamPolicies(principal, topics, CLUSTER).map((policy, i) => [
        i === 0 ? principal : `${principal} ${i + 1}`,
        policy,
      ]),
    ),
  )
  expect(await run(JSON.stringify(policies), python, join(here, 'policies.py'))).toEqual({
    code: 0,
    output: '',
  })
  const wrong = JSON.stringify(policies.enricher).replaceAll(
    'kafka-cluster:AlterGroup',
    'kafka-cluster:AlterGroups',
  )
  expect(await run(`{"enricher":${wrong}}`, python, join(here, 'policies.py'))).toMatchObject({
    code: 1,
    output: expect.stringContaining('AlterGroups'),
  })
})
