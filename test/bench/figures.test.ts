import { expect, test } from 'vitest'
import { median, percentile, round } from './figures.ts'

test.each([
  ['the middle one', [3, 1, 2], 2],
  ['the mean of the two in the middle', [4, 1, 2, 3], 2.5],
  ['nothing', [], Number.NaN],
])('a median is %s', (_sentence, values, expected) => {
  expect(median(values)).toBe(expected)
})

test.each([
  ['half of all are not above the p50', [1, 2, 3, 4], 0.5, 2],
  ['the p99 of few is the greatest', [1, 2, 3, 4], 0.99, 4],
  ['the p99 of a hundred leaves one out', Array.from({ length: 100 }, (_, n) => n + 1), 0.99, 99],
  ['one value is every percentile', [7], 0.01, 7],
  ['nothing has none', [], 0.5, Number.NaN],
])('%s', (_sentence, sorted, share, expected) => {
  expect(percentile(sorted, share)).toBe(expected)
})

test('what was not measured is a dash', () => {
  expect(round(Number.NaN, 2)).toBe('-')
})
