import { spawnSync } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { CONFINEMENTS, code, json, type Opened, open, root } from '../testing/environments.ts'

describe('what a function cannot reach', () => {
  test('it sees its own variables, and none of the service', async () => {
    process.env.SERVICE_SECRET = 'hidden'
    const { invoke, environment } = open('export const handler = async () => process.env', {
      environment: { MINE: 'yes', NODE_OPTIONS: '--allow-child-process', AWS_LAMBDA_FUNCTION_NAME: 'other' },
    })
    const seen = json(await invoke()) as Record<string, string>
    delete process.env.SERVICE_SECRET
    expect(seen).toEqual({
      MINE: 'yes',
      NODE_OPTIONS: '--allow-child-process',
      AWS_LAMBDA_FUNCTION_NAME: 'taxis',
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '256',
      AWS_EXECUTION_ENV: `AWS_Lambda_nodejs${process.versions.node.split('.')[0]}.x`,
      AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
      AWS_LAMBDA_FUNCTION_VERSION: '7',
      AWS_LAMBDA_LOG_GROUP_NAME: '/aws/lambda/taxis',
      AWS_LAMBDA_LOG_STREAM_NAME: expect.any(String),
      AWS_REGION: 'eu-west-1',
      LAMBDA_TASK_ROOT: environment.options.directory,
      TZ: 'UTC',
      _HANDLER: 'index.handler',
    })
  })

  test('its variables are texts that it may change, and Date follows TZ', async () => {
    const { invoke } = open({
      '.env': 'A=file\nB=file',
      'index.mjs': `export const handler = async () => {
        Object.assign(process.env, { NUMBER: 5, GONE: 'x', A: 'set' })
        delete process.env.GONE
        process.loadEnvFile()
        const hour = () => new Date(0).getHours()
        const [utc, , tokyo] = [hour(), process.env.TZ = 'Asia/Tokyo', hour()]
        const { NUMBER, A, B } = process.env
        return { NUMBER, A, B, gone: 'GONE' in process.env, own: process.env.hasOwnProperty('B'), utc, tokyo }
      }`,
    })
    expect(json(await invoke())).toEqual({
      NUMBER: '5',
      A: 'set',
      B: 'file',
      gone: false,
      own: true,
      utc: 0,
      tokyo: 9,
    })
  })

  test('files, processes, threads, addons and other processes are out of its reach; its code and the network are not', async () => {
    const server = createServer((socket) => socket.end('hello')).listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    const { invoke, environment } = open({
      'data.txt': 'mine',
      'index.mjs': `
        import fs from 'node:fs'
        import net from 'node:net'
        import { kill } from 'node:process'
        const tries = (event) => ({
          own: () => fs.readFileSync('data.txt', 'utf8'),
          network: () => new Promise((resolve, reject) => net.connect(event.port, '127.0.0.1').on('data', (d) => resolve(String(d))).on('error', reject)),
          self: () => process.kill(process.pid, 0),
          passwd: () => fs.readFileSync('/etc/passwd', 'utf8'),
          neighbour: () => fs.readFileSync(event.neighbour, 'utf8'),
          above: () => fs.readdirSync('..'),
          environ: () => fs.readFileSync('/proc/' + process.ppid + '/environ', 'utf8'),
          write: () => fs.writeFileSync('data.txt', 'x'),
          temporary: () => fs.writeFileSync('/tmp/weir-function-was-here', 'x'),
          spawn: async () => (await import('node:child_process')).execFileSync('/bin/true'),
          worker: async () => new (await import('node:worker_threads')).Worker('1', { eval: true }),
          addon: () => process.dlopen({ exports: {} }, '/x.node'),
          binding: () => process.binding('spawn_sync'),
          debugger: async () => (await import('node:inspector')).open(0),
          sqlite: async () => new (await import('node:sqlite')).DatabaseSync('/tmp/weir.db'),
          import: () => import('/etc/hosts.mjs'),
          kill: () => process.kill(process.ppid, 0),
          killImported: () => kill(process.ppid, 0),
          killRaw: () => { const code = process._kill(process.ppid, 0); if (code !== 0) throw { code } },
          debugProcess: () => process._debugProcess(process.ppid),
        })
        export const handler = async (event) => {
          const results = {}
          for (const [name, attempt] of Object.entries(tries(event))) {
            try { results[name] = await attempt() ?? 'done' } catch (error) { results[name] = 'no' }
          }
          return results
        }`,
    })
    const neighbour = join(code({ 'secret.txt': 'theirs' }), 'secret.txt')
    const prefixed = `${environment.options.directory}-other`
    mkdirSync(prefixed)
    writeFileSync(join(prefixed, 'secret.txt'), 'theirs')
    const port = (server.address() as { port: number }).port
    const { own, network, self, ...rest } = json(await invoke({ port, neighbour })) as Record<string, unknown>
    expect({ own, network, self }).toEqual({ own: 'mine', network: 'hello', self: true })
    expect(new Set(Object.values(rest)), JSON.stringify(rest)).toEqual(new Set(['no']))
    expect(json(await invoke({ port, neighbour: join(prefixed, 'secret.txt') }))).toMatchObject({
      neighbour: 'no',
    })
    server.close()
  })

  test.each(CONFINEMENTS)(
    'it gets no descriptor that the service was started with, %s',
    async (confinement) => {
      const lock = join(root, 'lock')
      writeFileSync(lock, 'theirs')
      const { environment } = open(`
      import fs from 'node:fs'
      export const handler = async () => {
        const bytes = Buffer.alloc(9)
        try { fs.readSync(20, bytes, 0, 9, 0) } catch {}
        try { fs.writeSync(20, 'its own', 0) } catch {}
        return bytes.toString()
      }`)
      const service = join(root, 'service.ts')
      writeFileSync(
        service,
        `
      import { openEnvironment } from ${JSON.stringify(join(import.meta.dirname, 'environment.ts'))}
      const options = ${JSON.stringify({ ...environment.options, confinement })}
      const environment = openEnvironment({ ...options, log: () => {} })
      const { payload } = await environment.invoke(Buffer.from('{}'), { requestId: 'r' })
      await environment.stop()
      console.log(payload.toString())`,
      )
      const descriptor = openSync(lock, 'r+')
      const stdio = ['ignore', 'pipe', 'inherit', ...Array(17).fill('ignore'), descriptor]
      const { stdout } = spawnSync(process.execPath, [service], { stdio, encoding: 'utf8' })
      closeSync(descriptor)
      expect([stdout, readFileSync(lock, 'utf8')]).toEqual([`"${'\\u0000'.repeat(9)}"\n`, 'theirs'])
    },
  )

  test('what the code writes to the pipe itself is its own answer, or ends the environment', async () => {
    const writes = (bytes: string, then = 'await new Promise((r) => setTimeout(r, 2000))'): Opened =>
      open(`
      import fs from 'node:fs'
      const frame = (type, sequence, body) => {
        const header = Buffer.alloc(13)
        header.writeUInt32LE(body.length, 0)
        header[4] = type
        header.writeUInt32LE(sequence, 5)
        return Buffer.concat([header, Buffer.from(body)])
      }
      export const handler = async () => { fs.writeSync(3, ${bytes}); ${then} }`)
    expect(json(await writes('frame(2, 1, \'"its own"\')').invoke())).toBe('its own')
    const frames = ['2, 99, "1"', '8, 0, ""', '1, 0, ""', '7, 0, "{}"', '200, 1, ""'].map(
      (values) => `frame(${values})`,
    )
    for (const bytes of [...frames, 'Buffer.alloc(100, 255)']) {
      const { invoke, lines } = writes(bytes)
      expect(await invoke(), bytes).toMatchObject({ ok: false, kind: 'exit' })
      expect(lines).toContainEqual(expect.stringContaining('wrote to file descriptor 3'))
    }
    const closed = open(
      'import fs from "node:fs"; export const handler = async () => { fs.closeSync(3); while (true) {} }',
    )
    expect(await closed.invoke()).toMatchObject({
      ok: false,
      kind: expect.stringMatching(/^(exit|timeout)$/),
    })
  })
})
