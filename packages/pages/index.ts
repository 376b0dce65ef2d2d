/** Pages for people: their files with the kit for browsers (web/), and live streams of what they show. */
export { mountFiles, type PageFiles, SECURITY_HEADERS } from './files.ts'
export { type LivePage, openPages, type Pages, type PagesOptions, type PageTable } from './pages.ts'
export type { Snapshot } from './snapshot.ts'
