/** A real Chromium for tests, and a page in it that records every error. */
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'

const PLACES = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome-stable',
  '/usr/bin/google-chrome',
]
const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/**
 * Opens the Chromium at CHROMIUM_PATH, or at the paths where systems install it. If there is none and the
 * user is root on Debian, installs it. Throws one sentence if no Chromium is found.
 */
export async function openBrowser(...more: readonly string[]): Promise<Browser> {
  const executablePath = find() ?? install()
  if (!executablePath)
    throw new Error(
      'The page tests need Chromium: install it (apt-get install chromium) or set CHROMIUM_PATH to a Chrome or Chromium.',
    )
  return chromium.launch({ executablePath, args: [...ARGUMENTS, ...more] })
}

function find(): string | undefined {
  return process.env.CHROMIUM_PATH ?? PLACES.find((path) => existsSync(path))
}

function install(): string | undefined {
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) return undefined
  for (const command of [
    ['update', '-qq'],
    ['install', '-y', '-qq', '--no-install-recommends', 'chromium'],
  ]) {
    execFileSync('apt-get', command, {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    })
  }
  return find()
}

export interface WatchedPage {
  readonly page: Page
  /** Errors of the console and of scripts, and requests to any other host than the page's. */
  readonly wrongs: string[]
  close(): Promise<void>
}

export async function openPage(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
  /** Runs in the page before its own scripts. */
  first?: () => void,
): Promise<WatchedPage> {
  const context = await browser.newContext({
    viewport: { width: 1440, height: 900 },
    colorScheme: 'light',
    ...options,
  })
  const page = await context.newPage()
  if (first) await page.addInitScript(first)
  const wrongs: string[] = []
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') wrongs.push(message.text())
  })
  page.on('pageerror', (error) => wrongs.push(String(error.stack)))
  page.on('request', (request) => {
    if (new URL(request.url()).host !== new URL(url).host && !request.url().startsWith('data:'))
      wrongs.push(`a request to ${request.url()}`)
  })
  await page.goto(url)
  return { page, wrongs, close: () => context.close() }
}
