import { expect, test } from 'vitest'
import { closingLine, sum, tallyOf } from './tally.mjs'

const report = (more) => ({
  success: true,
  numPassedTests: 2,
  numFailedTests: 0,
  numPendingTests: 0,
  numTodoTests: 0,
  testResults: [],
  ...more,
})
const file = (status, ...results) => ({ status, assertionResults: results.map((each) => ({ status: each })) })

test.each([
  ['what passed', report({}), '2 passed, 0 failed'],
  [
    'a failed test once',
    report({ success: false, numFailedTests: 1, testResults: [file('failed', 'failed')] }),
    '2 passed, 1 failed',
  ],
  [
    'a file that did not load',
    report({ success: false, testResults: [file('failed')] }),
    '2 passed, 1 failed',
  ],
  [
    'a file whose hook failed after its tests passed',
    report({ success: false, testResults: [file('failed', 'passed')] }),
    '2 passed, 1 failed',
  ],
  ['a run that failed for no test', report({ success: false }), '2 passed, 1 failed'],
  [
    'skipped and to-do tests',
    report({ numPendingTests: 1, numTodoTests: 2 }),
    '2 passed, 0 failed, 3 skipped',
  ],
])('counts %s', (_sentence, run, line) => {
  expect(closingLine(tallyOf(run))).toBe(line)
})

test('adds up runs, and no run is nothing', () => {
  const one = { passed: 1, failed: 2, skipped: 3 }
  expect(sum([one, one])).toEqual({ passed: 2, failed: 4, skipped: 6 })
  expect(closingLine(sum([]))).toBe('0 passed, 0 failed')
})
