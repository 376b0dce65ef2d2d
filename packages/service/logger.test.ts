import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'

test('log lines show no passwords', () => {
  const program = `import { logger } from ${JSON.stringify(new URL('./logger.ts', import.meta.url).href)}
    logger('s').error({ err: Object.assign(new Error('no redis://h?password=sesame'), { input: 'redis://:ses/sesame@h' }), url: 'http://me:sesame@h' }, 'at "//a:sesame@h"')`
  const { stdout, stderr, status } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    encoding: 'utf8',
    env: { ...process.env, LOG_LEVEL: 'info' },
  })
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  expect(JSON.parse(stdout)).toMatchObject({
    level: 'error',
    err: { message: 'no redis://h?password=********', input: 'redis://:********@h' },
    url: 'http://me:********@h',
  })
  expect(stdout).not.toContain('sesame')
})
