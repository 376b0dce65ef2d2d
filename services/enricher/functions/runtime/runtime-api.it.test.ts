/** Functions that bring their own bootstrap, and how other runtimes are kept apart and allowed. */
import { chmodSync } from 'node:fs'
import { join } from 'node:path'
import { ConfigReader } from '@weir/config'
import { describe, expect, test } from 'vitest'
import { CONFINEMENTS, code, json, open, openProvided, openPython, python } from '../testing/environments.ts'
import { openRuntimes, runtimesConfig } from './runtimes.ts'

describe('a bootstrap of its own', () => {
  test('takes invocations and posts answers, of any bytes', async () => {
    const { environment } = openProvided(`
      sub serve { my ($id, $event, $head) = @_; my ($arn) = $head =~ /Invoked-Function-Arn: (\\S+)/i;
        call('POST', "/invocation/$id/response", "$ENV{_HANDLER} $arn $event") }`)
    const functionArn = 'arn:aws:lambda:eu-west-1:000000000000:function:taxis:PROD'
    const outcome = await environment.invoke(Buffer.from('{"a":1}'), { requestId: 'r', functionArn })
    expect([outcome.ok, outcome.payload.toString()]).toEqual([true, `any.name ${functionArn} {"a":1}`])
  })

  test('6 MB pass and more do not; the runtime learns it and goes on', async () => {
    const { invoke, lines } = openProvided(`
      sub serve { my ($id, $event) = @_;
        my ($status, $head, $body) = call('POST', "/invocation/$id/response", 'x' x $event);
        print "$status $body\\n" }`)
    expect((await invoke(6_291_556)).payload.length).toBe(6_291_556)
    const large = await invoke(7_000_000)
    expect(large).toMatchObject({ ok: false, kind: 'too-large' })
    expect(json(large)).toMatchObject({ errorType: 'Function.ResponseSizeTooLarge' })
    expect((await invoke(1)).ok).toBe(true)
    expect(lines).toContainEqual(expect.stringMatching(/^202 \{"status":"OK"\}/))
    expect(lines).toContainEqual(expect.stringMatching(/^413 .*RequestEntityTooLarge/))
  })

  test('errors are those that it posts', async () => {
    const { invoke } = openProvided(`
      sub serve { my ($id, $event) = @_; call('POST', "/invocation/$id/error", $event ? '{"errorType":"Mine"}' : '') }`)
    expect(json(await invoke(1))).toEqual({ errorType: 'Mine' })
    expect(json(await invoke(0))).toEqual({ errorType: 'Runtime.UnknownReason', errorMessage: '' })
    const failed = await openProvided(
      `call('POST', '/init/error', '{"errorType":"Start"}'); sub serve {}`,
    ).invoke()
    expect([failed.ok, json(failed)]).toEqual([false, { errorType: 'Start' }])
  })

  test('requests out of turn are refused, and a flood of them ends the environment', async () => {
    const { invoke, lines } = openProvided(`
      sub serve { my ($id, $event) = @_;
        my @tried = ('GET /invocation/next', 'POST /invocation/other/response', 'POST /init/error', 'GET /x');
        print join(' ', map { (call(split ' '))[0] } @tried), "\\n";
        while ($event) { call('GET', '/invocation/next') }
        call('POST', "/invocation/$id/response", '1');
        print +(call('POST', "/invocation/$id/response", '2'))[0], "\\n" }`)
    expect(json(await invoke(0))).toBe(1)
    await expect.poll(() => lines).toEqual(expect.arrayContaining(['403 400 403 404', '400']))
    expect(await invoke(1)).toMatchObject({ ok: false, kind: 'exit' })
    expect(lines.join()).toContain('asked the Runtime API too often')
  })

  test('one that is not there, or that no program is', async () => {
    const errorType = 'Runtime.InvalidEntrypoint'
    const invalid = (errorMessage: unknown): object => [{ kind: 'init' }, { errorType, errorMessage }]
    const none = await open({ other: '' }, { runtime: 'provided' }).invoke()
    expect([none, json(none)]).toMatchObject(invalid(expect.stringMatching(/^Couldn't find valid bootstrap/)))
    const directory = code({ bootstrap: '' })
    chmodSync(join(directory, 'bootstrap'), 0o644)
    const closed = await open({}, { runtime: 'provided', directory }).invoke()
    expect([closed, json(closed)]).toMatchObject(
      invalid(expect.stringMatching(/^fork\/exec .*: permission denied$/)),
    )
    const folder = open({ 'bootstrap/x': '' }, { runtime: 'provided' })
    expect(await folder.invoke()).toMatchObject({ ok: false, kind: 'init' })
  })
})

test.each(CONFINEMENTS)('no other function gets at its invocations, %s', async (confinement) => {
  const victim = openProvided(
    `
    sub serve { my ($id, $event) = @_;
      sleep 1 if $event eq '"work"';
      my $answer = $event eq '"work"' ? 'its own' : $ENV{AWS_LAMBDA_RUNTIME_API};
      call('POST', "/invocation/$id/response", '"' . $answer . '"') }`,
    { confinement },
  )
  const address = json(await victim.invoke(''))
  const thief = openPython(
    `
import http.client
def attempt(method, path, body=None):
    try:
        connection = http.client.HTTPConnection(EVENT['address'], timeout=5)
        connection.request(method, '/2018-06-01/runtime' + path, body)
        return connection.getresponse().status
    except Exception as error:
        return type(error).__name__
def handler(event, context):
    global EVENT
    EVENT = event
    return [attempt('GET', '/invocation/next'), attempt('POST', '/invocation/r-victim/response', '"stolen"'),
            attempt('POST', '/init/error', '{}')]
`,
    { confinement },
  )
  await thief.invoke({ address: '127.0.0.1:1' })
  const [answer, tried] = await Promise.all([victim.invoke('work', 'r-victim'), thief.invoke({ address })])
  expect(json(answer)).toBe('its own')
  expect(json(tried)).toEqual(
    Array(3).fill(expect.stringMatching(/^(RemoteDisconnected|ConnectionResetError)$/)),
  )
  expect(json(await victim.invoke('work'))).toBe('its own')
})

test('an operator allows runtimes by name; one that cannot run here is one sentence at the start', () => {
  const reader = new ConfigReader({ FUNCTIONS_RUNTIMES: 'nodejs, python3, cobol' })
  expect(runtimesConfig(reader)).toEqual({ kinds: ['nodejs', 'python'], python: 'python3' })
  expect(reader.problems).toEqual(['FUNCTIONS_RUNTIMES names cobol; it may name nodejs, python3, provided.'])

  const said: unknown[] = []
  const log = {
    info: (_: object, text: string) => said.push(text),
    warn: (_: object, text: string) => said.push(text),
  }
  const { value } = openRuntimes({ kinds: ['nodejs', 'python'], python: 'python3' }, log)
  expect([...value.allowed]).toEqual(['nodejs', 'python'])
  expect(value.options('python')).toEqual({ runtime: 'python', python })
  const sentence =
    value.confinement === 'namespaces' ? 'in namespaces' : 'can do everything that its user can'
  expect(value.sentence).toContain(sentence)
  expect(said).toEqual([value.sentence])
  const nowhere = { kinds: ['python'] as const, python: '/nowhere/python' }
  expect(() => openRuntimes(nowhere, log)).toThrow(/^FUNCTIONS_PYTHON=.* does not run/)
})
