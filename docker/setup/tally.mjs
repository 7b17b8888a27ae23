/** Adds up what test runs said of themselves. Pure. */
import { stripVTControlCharacters } from 'node:util'

/**
 * `{passed, failed, skipped}` of a report in vitest's JSON. A file that could not even be loaded holds no test that
 * could fail: it counts as one.
 */
export function tallyOf(report) {
  const broken = report.testResults.filter(
    ({ status, assertionResults }) =>
      status === 'failed' && !assertionResults.some((result) => result.status === 'failed'),
  ).length
  const failed = report.numFailedTests + broken
  return {
    passed: report.numPassedTests,
    failed: failed === 0 && !report.success ? 1 : failed,
    skipped: report.numPendingTests + (report.numTodoTests ?? 0),
  }
}

/**
 * What went wrong, a line or two for each: `file > test` and its message without colours and stack. A run that failed has
 * one at least, named after it.
 */
export function failuresOf(report, { root, run }) {
  const found = failuresIn(report, root)
  return found.length > 0 || report.success ? found : [failure(run)]
}

function failuresIn(report, root) {
  return report.testResults.flatMap(({ name, status, message, assertionResults }) => {
    const file = name.startsWith(`${root}/`) ? name.slice(root.length + 1) : name
    const failed = assertionResults.filter((result) => result.status === 'failed')
    if (failed.length > 0) {
      return failed.map(({ fullName, failureMessages }) =>
        failure(`${file} > ${fullName}`, failureMessages?.[0]),
      )
    }
    return status === 'failed' ? [failure(file, message)] : []
  })
}

const MESSAGE_LINES = 12

function failure(where, message = '') {
  const lines = stripVTControlCharacters(message).trimEnd().split('\n')
  const said = lines.filter((line) => !/^\s+at /.test(line) && line !== '').slice(0, MESSAGE_LINES)
  // Of a hook that failed inside a group, vitest's report has no word.
  if (said.length === 0) said.push('what it failed with stands above, where it ran')
  return [where, ...said.map((line) => `  ${line}`)].join('\n')
}

export const sum = (tallies) =>
  tallies.reduce(
    (all, one) => ({
      passed: all.passed + one.passed,
      failed: all.failed + one.failed,
      skipped: all.skipped + one.skipped,
    }),
    { passed: 0, failed: 0, skipped: 0 },
  )

export const closingLine = ({ passed, failed, skipped }) =>
  `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`
