/** The inbox with real clients, and with hostile ones. */
import { once } from 'node:events'
import { request } from 'node:http'
import { connect } from 'node:net'
import { type HttpReceiver, startReceiver } from '@weir/testkit/http-receiver.ts'
import { createTransport } from 'nodemailer'
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { inbox } from './inbox.ts'
import type { Message } from './messages.ts'

let running: Awaited<ReturnType<typeof open>>
let url: string
let smtpPort: number
let alerter: HttpReceiver

const open = (links: HttpReceiver) =>
  inbox({ port: 0, smtpPort: 0, alerterUrl: links.url.replace(/\/$/, '') }).open()

beforeAll(async () => {
  vi.stubEnv('LOG_LEVEL', 'silent')
  alerter = await startReceiver()
})
beforeEach(async () => {
  running = await open(alerter)
  url = running.values.http.url
  smtpPort = running.values.mail.port
  return () => running.stop()
})
afterAll(async () => {
  vi.unstubAllEnvs()
  await alerter.stop()
})

const messages = async (): Promise<Message[]> =>
  ((await (await fetch(`${url}/messages`)).json()) as { messages: Message[] }).messages
const notify = (body: unknown, name = 'desk'): Promise<Response> =>
  fetch(`${url}/subscribers/${name}`, {
    method: 'POST',
    headers: { 'content-type': 'text/plain; charset=UTF-8' },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
const notification = {
  Type: 'Notification',
  TopicArn: 'arn:aws:sns:us-east-1:000000000000:fleet-team',
  Subject: 'truck-007: engine deviates',
  Message: 'It is hot.',
}
const confirmation = (SubscribeURL: string) => ({
  Type: 'SubscriptionConfirmation',
  TopicArn: notification.TopicArn,
  Message: 'Visit the SubscribeURL.',
  Token: 'ab',
  SubscribeURL,
})
const CONFIRM = '?Action=ConfirmSubscription&TopicArn=t&Token=ab'

async function send(mail: object) {
  const transport = createTransport({ host: '127.0.0.1', port: smtpPort, secure: false })
  try {
    return await transport.sendMail({ from: 'weir@inbox.localhost', to: 'team@inbox.localhost', ...mail })
  } finally {
    transport.close()
  }
}

/** Speaks SMTP line by line, and resolves with the last answer. */
async function speak(lines: readonly (string | Buffer)[]): Promise<string> {
  const socket = connect(smtpPort, '127.0.0.1')
  socket.on('error', () => {})
  let last = ''
  for (const line of ['', ...lines]) {
    if (line !== '') socket.write(line)
    last = String((await once(socket, 'data'))[0])
  }
  socket.destroy()
  return last
}

test('an e-mail is a message, whose HTML is not shown', async () => {
  await send({ subject: 'Über Hitze', text: 'Zeile 1\nZeile 2', html: '<b>Zeile</b>' })
  await send({ subject: 'only HTML', text: undefined, html: '<b>x</b>' })
  const [second, first] = await messages()
  expect(first).toMatchObject({
    how: 'e-mail',
    from: 'weir@inbox.localhost',
    to: ['team@inbox.localhost'],
    subject: 'Über Hitze',
  })
  expect(first.text.trim()).toBe('Zeile 1\nZeile 2')
  expect(Date.now() - first.receivedAt).toBeLessThan(5000)
  expect(second.text).toContain('does not show HTML')
  expect(await (await fetch(`${url}/messages/${first.id}`)).json()).toEqual(first)
  expect((await fetch(`${url}/messages/none`)).status).toBe(404)
})

test('a notification over HTTP is a message', async () => {
  expect((await notify(notification)).status).toBe(204)
  expect(await messages()).toMatchObject([
    { how: 'HTTP', from: 'fleet-team', to: ['desk'], subject: notification.Subject, text: 'It is hot.' },
  ])
})

test('the list has the beginning of a long text, and the message has all of it', async () => {
  await notify({ ...notification, Message: 'x'.repeat(200_000) })
  const [{ id, text }] = await messages()
  expect(text).toHaveLength(4000)
  expect(((await (await fetch(`${url}/messages/${id}`)).json()) as Message).text).toHaveLength(200_000)
})

test('a confirmation is fetched from the alerter and from nobody else', async () => {
  const other = await startReceiver()
  const refused = await notify(confirmation(`${other.url}${CONFIRM}`))
  expect(refused.status).toBe(403)
  expect(JSON.stringify(await refused.json())).toContain('is not a confirmation at')
  expect(other.received).toEqual([])
  await other.stop()
  expect((await notify(confirmation(`${alerter.url}${CONFIRM}`))).status).toBe(204)
  expect(alerter.received.length).toBe(1)
  expect(await messages()).toEqual([])
})

test.each([400, 302])(
  'a confirmation that the alerter answers with %i fails, and no other address is asked',
  async (status) => {
    const [refusing, other] = [await startReceiver(() => status), await startReceiver()]
    if (status === 302) refusing.redirectTo = `${other.url}${CONFIRM}`
    const strict = await open(refusing)
    const answer = await fetch(`${strict.values.http.url}/subscribers/desk`, {
      method: 'POST',
      body: JSON.stringify(confirmation(`${refusing.url}${CONFIRM}`)),
    })
    expect([answer.status, refusing.received.length, other.received.length]).toEqual([502, 1, 0])
    for (const one of [strict, refusing, other]) await one.stop()
  },
)

test.each([
  ['text', 'It is hot.', 400],
  ['nothing', '', 400],
  ['a list', '[]', 400],
  ['null', 'null', 400],
  ['another type', { Type: 'Bounce' }, 400],
  ['a deep list', `${'['.repeat(100_000)}${']'.repeat(100_000)}`, 400],
  ['a million values', `[${'0,'.repeat(500_000)}0]`, 400],
  ['2 MiB', 'x'.repeat(2 << 20), 413],
])('%s instead of a notification is refused', async (_, body, status) => {
  const answer = await notify(body)
  expect(answer.status).toBe(status)
  expect(await answer.json()).toMatchObject({ error: { message: expect.stringMatching(/\.$/) } })
  expect(await messages()).toEqual([])
})

test('fields of other types are empty, and names of subscribers are bounded', async () => {
  expect((await notify({ Type: 'Notification', Message: { a: 1 }, Subject: [], TopicArn: 7 })).status).toBe(
    204,
  )
  expect(await messages()).toMatchObject([{ text: '', subject: '', from: '' }])
  expect((await notify(notification, '%3Cscript%3E')).status).toBe(400)
  expect((await notify(notification, 'x'.repeat(65))).status).toBe(400)
})

test('pages from elsewhere can neither read nor write', async () => {
  const ask = async (headers: Record<string, string>): Promise<number | undefined> => {
    const asked = request(`${url}/messages`, { headers }).end()
    const [response] = await once(asked, 'response')
    response.resume()
    return response.statusCode
  }
  expect(await ask({ origin: 'https://evil.example' })).toBe(403)
  expect(await ask({ host: 'evil.example' })).toBe(403)
  expect(await ask({})).toBe(200)
})

test('an e-mail of 5 MiB is refused, announced or not, and the connection goes on', async () => {
  const text = `${'x'.repeat(70)}\r\n`.repeat(5 << 14)
  await expect(send({ text })).rejects.toMatchObject({ responseCode: 552 })
  const head = ['EHLO me\r\n', 'MAIL FROM:<a@localhost>\r\n', 'RCPT TO:<b@localhost>\r\n', 'DATA\r\n']
  const answer = await speak([...head, `Subject: long\r\n\r\n${text}.\r\n`])
  expect(answer).toMatch(/^552 .*longer than 1048576 bytes/)
  expect(await speak([...head, 'Subject: short\r\n\r\nx\r\n.\r\n'])).toMatch(/^250/)
  expect((await messages()).map(({ subject }) => subject)).toEqual(['short'])
})

test('of 10,000 recipients 100 are accepted', async () => {
  const to = Array.from({ length: 10_000 }, (_, i) => `r${i}@inbox.localhost`)
  const { accepted, rejected } = await send({ envelope: { from: 'a@localhost', to }, text: 'many' })
  expect([accepted.length, rejected.length]).toEqual([100, 9900])
  expect((await messages())[0].to).toHaveLength(100)
}, 60_000)

test('an e-mail of 1,000 parts, or with a head of 200 KiB, is refused', async () => {
  const parts = Array.from({ length: 1000 }, () => '--b\r\ncontent-type: text/plain\r\n\r\nx\r\n').join('')
  const raw = (text: string) => ({ envelope: { from: 'a@localhost', to: 'b@localhost' }, raw: text })
  await expect(
    send(raw(`Subject: x\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n${parts}--b--\r\n`)),
  ).rejects.toMatchObject({ responseCode: 554 })
  await expect(send(raw(`${'X-Filler: y\r\n'.repeat(16_000)}\r\nx`))).rejects.toMatchObject({
    responseCode: 554,
  })
  expect(await messages()).toEqual([])
})

test('connections above the limit are turned away', async () => {
  const sockets = Array.from({ length: 40 }, () => connect(smtpPort, '127.0.0.1'))
  const greetings = await Promise.all(sockets.map(async (socket) => String((await once(socket, 'data'))[0])))
  expect(greetings.filter((line) => line.startsWith('220'))).toHaveLength(32)
  expect(greetings.filter((line) => line.startsWith('421'))).toHaveLength(8)
  for (const socket of sockets) socket.destroy()
})
