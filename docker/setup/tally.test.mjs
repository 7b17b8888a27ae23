import { expect, test } from 'vitest'
import { closingLine, failuresOf, sum, tallyOf } from './tally.mjs'

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

test('names what failed, with its message and without the way there', () => {
  const testResults = [
    { name: '/top/a.test.ts', ...file('passed', 'passed') },
    {
      ...{ name: '/top/b.test.ts', status: 'failed' },
      assertionResults: [
        { status: 'passed', fullName: 'well' },
        {
          ...{ status: 'failed', fullName: 'it counts' },
          failureMessages: [
            'AssertionError: \u001b[31mexpected 1\u001b[39m\n+ 2\n    at b.test.ts:3:1\n    at c.ts',
          ],
        },
      ],
    },
    { name: '/elsewhere/c.test.ts', ...file('failed', 'passed'), message: 'hook timed out' },
  ]
  expect(failuresOf(report({ testResults }), { root: '/top', run: 'unit' })).toEqual([
    'b.test.ts > it counts\n  AssertionError: expected 1\n  + 2',
    '/elsewhere/c.test.ts\n  hook timed out',
  ])
})

test('says no more of one failure than can be read', () => {
  const failureMessages = [Array.from({ length: 100 }, (_, at) => `line ${at}`).join('\n')]
  const assertionResults = [{ status: 'failed', fullName: 'long', failureMessages }]
  const [text = ''] = failuresOf(
    report({ testResults: [{ name: 'a', status: 'failed', assertionResults }] }),
    { root: '/', run: 'unit' },
  )
  expect(text.split('\n')).toHaveLength(13)
})

test('leaves no failure without a word', () => {
  const about = { root: '/top', run: 'golden' }
  const testResults = [{ name: '/top/a.test.ts', ...file('failed', 'passed'), message: '' }]
  expect(failuresOf(report({ success: false, testResults }), about)).toEqual([
    'a.test.ts\n  what it failed with stands above, where it ran',
  ])
  expect(failuresOf(report({ success: false }), about)).toEqual([
    'golden\n  what it failed with stands above, where it ran',
  ])
  expect(failuresOf(report({}), about)).toEqual([])
})
