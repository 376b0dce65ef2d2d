/** The texts that tests read from the page. */
import type { Page } from 'playwright-core'
import { expect } from 'vitest'

/**
 * Waits for a condition that becomes true within seconds. Tests that measure the page's delay do so
 * themselves.
 */
export const eventually = <T>(look: () => Promise<T>) => expect.poll(look, { timeout: 15_000, interval: 100 })
export const text = (page: Page, selector: string) => page.locator(selector).innerText()
export const live = (page: Page) => page.locator('#status[data-state="live"]').waitFor()
