/**
 * The page without taxis, without a search engine, and without rights. page.e2e.test.ts runs it in its browser.
 */
import { openPageKeys, type PageKeys } from '@weir/indexer/testing/page-keys.ts'
import { openPageServer, type PageServer } from '@weir/indexer/testing/page-server.ts'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { solution as taxiTelemetry } from '../solution.ts'
import { openPage } from './browser.ts'
import { openLine } from './line.ts'
import { eventually, live, text } from './page-texts.ts'

export function pageStates(browser: () => Browser): void {
  describe('a viewer whose key is removed', () => {
    let keys: PageKeys
    let server: PageServer
    const signedIn = { httpCredentials: { username: 'anybody', password: 'desk' } }

    beforeAll(async () => {
      keys = await openPageKeys('desk')
      server = await openPageServer(taxiTelemetry, { engine: 'opensearch', access: keys.access })
    })
    afterAll(async () => {
      await server.stop()
      await keys.stop()
    })

    const signsOut = async (page: Page): Promise<void> => {
      await page.locator('.signed-out').waitFor()
      expect(await text(page, '#status')).toBe('Signed out')
      expect(await page.locator('canvas, .figures, .foot').count()).toBe(0)
      expect(await page.evaluate(() => (globalThis as any).document.activeElement.id)).toBe('sign-in')
    }

    test.each([
      ['light', 360],
      ['dark', 1440],
    ] as const)(
      'sees the picture disappear, and an offer to sign in (%s, %i px)',
      async (colorScheme, width) => {
        const options = { ...signedIn, colorScheme, viewport: { width, height: 740 } }
        const { page, wrongs, close } = await openPage(browser(), server.url, options)
        await live(page)
        await keys.allow('depot')
        await signsOut(page)
        expect(await page.evaluate(() => (globalThis as any).document.documentElement.scrollWidth)).toBe(
          width,
        )
        const title = (await page.locator('#signed-out-title').boundingBox())!
        const button = (await page.locator('#sign-in').boundingBox())!
        expect(button.y).toBeGreaterThan(title.y + title.height)
        expect(Math.abs(button.x + button.width / 2 - width / 2)).toBeLessThan(10)
        expect(wrongs).toEqual([])
        await keys.allow('desk')
        await page.locator('#sign-in').click()
        await page.locator('#status:is([data-state="live"], [data-state="late"])').waitFor()
        expect(await page.locator('.figures').isVisible()).toBe(true)
        await close()
      },
    )

    test('is signed out even if the connection was broken meanwhile', async () => {
      const line = await openLine(server.url)
      const { page, close } = await openPage(browser(), line.url, signedIn)
      await live(page)
      line.cut()
      await page.locator('#status[data-state="broken"]').waitFor()
      await keys.allow('depot')
      line.mend()
      await signsOut(page)
      await close()
      await line.close()
    })
  })

  test('without taxis the page shows how to start some, with a command to copy', async () => {
    const server = await openPageServer(taxiTelemetry, { engine: 'opensearch' })
    const { page, wrongs, close } = await openPage(browser(), server.url, {
      permissions: ['clipboard-read', 'clipboard-write'],
      viewport: { width: 360, height: 740 },
    })
    await live(page)
    await page.locator('#empty').waitFor()
    expect(await text(page, '#empty-title')).toBe('No taxi is on the road')
    const copy = await page.locator('.copy').first().boundingBox()
    expect(copy!.x + copy!.width).toBeLessThan(350)
    await page.locator('.copy').first().click()
    expect(await page.evaluate(() => (globalThis as any).navigator.clipboard.readText())).toMatch(
      /^npx weir replay /,
    )
    await server.index([
      {
        deviceId: 'first',
        position: { lat: 1, lon: 1 },
        speed: 1,
        state: 'IDLE',
        zone: 'z',
        zoneName: null,
        eventTime: Date.now(),
        arrivalTime: Date.now(),
        source: 'e2e',
      },
    ])
    await page.locator('#empty').waitFor({ state: 'hidden' })
    expect(wrongs).toEqual([])
    await close()
    await server.stop()
  })

  test('without a search engine the page reports that', async () => {
    const server = await openPageServer(taxiTelemetry, {
      engine: 'opensearch',
      engineUrl: 'http://127.0.0.1:9',
    })
    const { page, close } = await openPage(browser(), server.url)
    await eventually(() => text(page, '#banner')).toMatch(/^The search engine does not answer\./)
    expect(await text(page, '#status')).toBe('No data')
    await close()
    await server.stop()
  })
}
