import { expect, test } from 'vitest'
import { toCell } from './sql-cell.ts'

test.each([
  ['null is null', null, 23, null],
  ['a truth is a boolean', 't', 16, true],
  ['an untruth is one too', 'f', 16, false],
  ['an integer is a number', '-7', 23, -7],
  ['a float is a number', '1.5e-3', 701, 0.0015],
  ['what is no number in JSON stays text', 'NaN', 701, 'NaN'],
  ['a bigint stays text: a number would bend it', '9007199254740993', 20, '9007199254740993'],
  ['a numeric stays text', '1.10', 1700, '1.10'],
  ['a time stays text', '2026-01-01 00:00:00+00', 1184, '2026-01-01 00:00:00+00'],
  ['json is itself', '{"a":[1]}', 3802, { a: [1] }],
  ['an unknown type is text', '(1,2)', 600, '(1,2)'],
])('%s', (_sentence, text, type, expected) => {
  expect(toCell(text, type)).toEqual(expected)
})
