/** The inbox's page in a browser: the list, an opened message with its links, and nothing of its HTML. */
import { openBrowser, openPage } from '@weir/solutions/taxi-telemetry/testing/browser.ts'
import { createTransport, type Transporter } from 'nodemailer'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { inbox } from './inbox.ts'
import { MAX_MESSAGES } from './messages.ts'

/** The page must show text from messages as text. */
const HOSTILE = '<img src=x onerror=alert(1)>'
const LINK = 'http://127.0.0.1:8083/incidents/3d0c5a86?token=mUZfY9wq2Xr5Vd0n'
const ALERT = `truck-017: engine deviates
WARNING, opened: truck-017/engine in fleet-team, since 2026-11-30T07:59:41.000Z

truck-017: engine was outside of its limits for 10 s, as far as 126.4 °C; normal is at most 110 °C.

Acknowledge it: ${LINK}.

javascript:alert(1) ${HOSTILE}
`
let running: Awaited<ReturnType<ReturnType<typeof inbox>['open']>>
let browser: Browser
let transport: Transporter
let url: string

const mail = (subject: string, text: string, to = 'team@inbox.localhost') =>
  transport.sendMail({
    from: { name: 'Fleet team', address: 'weir@inbox.localhost' },
    to,
    subject,
    text,
    html: `<h1>${HOSTILE}</h1>`,
  })
const notify = (Subject: string, Message: string): Promise<Response> =>
  fetch(`${url}/subscribers/desk`, {
    method: 'POST',
    body: JSON.stringify({ Type: 'Notification', TopicArn: 'arn:aws:sns:x:0:fleet-team', Subject, Message }),
  })

beforeAll(async () => {
  vi.stubEnv('LOG_LEVEL', 'silent')
  browser = await openBrowser()
})
beforeEach(async () => {
  running = await inbox({ port: 0, smtpPort: 0, alerterUrl: 'http://127.0.0.1:8083' }).open()
  url = running.values.http.url
  transport = createTransport({ host: '127.0.0.1', port: running.values.mail.port })
  return async () => {
    transport.close()
    await running.stop()
  }
})
afterAll(async () => {
  vi.unstubAllEnvs()
  await browser?.close()
})

const THEMES = [
  ['light', 360],
  ['dark', 1440],
  ['light', 1440],
  ['dark', 360],
] as const
const shot = (name: string) => ({ path: `${process.env.SCREENSHOTS}/inbox-${name}.png` })

test.each(THEMES)('the empty page says how to get a message (%s, %i px)', async (colorScheme, width) => {
  const { page, wrongs, close } = await openPage(browser, url, {
    colorScheme,
    viewport: { width, height: 900 },
  })
  await page.getByText(`npx weir alerts subscribe TOPIC ${url}/subscribers/me`).waitFor()
  expect(await page.evaluate(() => (globalThis as any).document.documentElement.scrollWidth)).toBe(width)
  if (process.env.SCREENSHOTS) await page.screenshot(shot(`empty-${colorScheme}-${width}`))
  expect(wrongs).toEqual([])
  await close()
})

test.each(THEMES)(
  'messages arrive while one looks, and are read as text (%s, %i px)',
  async (colorScheme, width) => {
    const { page, wrongs, close } = await openPage(browser, url, {
      colorScheme,
      viewport: { width, height: 900 },
      reducedMotion: 'reduce',
    })
    await mail(
      'AWS Notification - Subscription Confirmation',
      'You have chosen to subscribe to the topic:\n…',
    )
    await mail(HOSTILE, 'x '.repeat(500), 'drivers@inbox.localhost')
    await notify('truck-017: engine deviates', '{ "incident": "3d0c5a86", "event": "opened" }')
    await mail('truck-017: engine deviates', ALERT)
    const rows = page.locator('.message')
    await rows.nth(3).waitFor({ timeout: 10_000 })
    expect(await rows.nth(0).innerText()).toMatch(
      /E-mail\s+team@inbox\.localhost[\s\S]+truck-017: engine deviates/,
    )
    expect(await rows.nth(1).innerText()).toMatch(/HTTP\s+desk/)
    expect(await rows.nth(2).innerText()).toContain(HOSTILE)
    if (process.env.SCREENSHOTS) await page.screenshot(shot(`list-${colorScheme}-${width}`))

    await rows.nth(0).click()
    await page.getByRole('heading', { name: 'truck-017: engine deviates' }).waitFor()
    const text = page.locator('#message-text')
    expect((await text.innerText()).trim()).toBe(ALERT.trim())
    expect(await text.locator('a').evaluateAll((all) => all.map((a: any) => a.href))).toEqual([LINK])
    expect(await page.locator('img').count()).toBe(0)
    expect(await page.locator('#message-from').innerText()).toBe('"Fleet team" <weir@inbox.localhost>')
    expect(await page.evaluate(() => (globalThis as any).document.documentElement.scrollWidth)).toBe(width)
    if (process.env.SCREENSHOTS) await page.screenshot(shot(`message-${colorScheme}-${width}`))
    if (width === 360) {
      expect(await rows.nth(0).isVisible()).toBe(false)
      await page.getByRole('link', { name: 'All messages' }).click()
      await rows.nth(0).waitFor()
    }
    expect(wrongs).toEqual([])
    await close()
  },
)

test('a message is read by keyboard, and has an address of its own', async () => {
  await notify('The first', 'x')
  await notify('The second', 'y')
  const { page, wrongs, close } = await openPage(browser, url)
  await page.locator('.message').nth(1).press('Enter')
  await page.getByRole('heading', { name: 'The first' }).waitFor()
  expect(await page.locator('.message').nth(1).getAttribute('aria-current')).toBe('true')
  await page.reload()
  await page.getByText('over HTTP').waitFor()
  expect(wrongs).toEqual([])
  await close()
})

test('a full inbox forgets the oldest, and says so where one was open', async () => {
  await notify('The oldest', 'x')
  const { page, wrongs, close } = await openPage(browser, url)
  const oldest = page.locator('.message').last()
  const address = new URL((await oldest.getAttribute('href'))!, url).href
  for (let i = 1; i <= MAX_MESSAGES; i++) await notify(`Message ${i}`, 'x')
  await page.locator('.subject', { hasText: `Message ${MAX_MESSAGES}` }).waitFor()
  expect(await page.locator('.message').count()).toBe(MAX_MESSAGES)
  expect(wrongs).toEqual([])
  await page.goto(address)
  await page.getByText('There is no such message; the oldest ones are forgotten.').waitFor()
  await close()
})
