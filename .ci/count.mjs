/**
 * Adds up vitest's JSON reports: `count.mjs BROKEN_STEPS REPORT…`. A test file that could not run, and a step
 * that failed without a failed test, count as one failure each.
 */
import { existsSync, readFileSync } from 'node:fs'

const [broken, ...files] = process.argv.slice(2)
const reports = files.filter((file) => existsSync(file)).map((file) => JSON.parse(readFileSync(file, 'utf8')))
const sum = (count) => reports.reduce((total, report) => total + count(report), 0)

const passed = sum((report) => report.numPassedTests)
const failedTests = sum((report) => report.numFailedTests)
const failedFiles = sum(
  (report) =>
    report.testResults.filter(
      ({ status, assertionResults }) =>
        status === 'failed' && !assertionResults.some((test) => test.status === 'failed'),
    ).length,
)
const failed = failedTests + failedFiles > 0 ? failedTests + failedFiles : Number(broken)

for (const { name, status, message, assertionResults } of reports.flatMap((report) => report.testResults)) {
  if (status !== 'failed') continue
  console.log(`FAILED ${name}${message ? `: ${message.slice(0, 2000)}` : ''}`)
  for (const test of assertionResults)
    if (test.status === 'failed')
      console.log(`  ${test.fullName}: ${test.failureMessages.join('; ').slice(0, 2000)}`)
}
console.log(`${passed} passed, ${failed} failed`)
process.exit(failed > 0 || passed === 0 ? 1 : 0)
