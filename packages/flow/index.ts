export * from './flow.ts'
export * from './outcome.ts'
export * from './source.ts'
export type { PublishedWindows, WindowSettings } from './windows.ts'
