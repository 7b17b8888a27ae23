import { describe, expect, test } from 'vitest'
import { cellsOf, rowCountOf } from './codec.ts'

describe('rowCountOf', () => {
  test.each([
    ['SELECT 10', 10],
    ['INSERT 0 5', 5],
    ['UPDATE 1234567', 1_234_567],
    ['DELETE 0', 0],
    ['SET', 0],
    ['', 0],
  ])('%s is %i', (tag, expected) => {
    const frame = Buffer.from(`-----${tag}\0`)
    expect(rowCountOf(frame, 5, frame.length)).toBe(expected)
  })
})

test('cellsOf tells null from empty, and slices the chunk', () => {
  const row = Buffer.from([9, 0, 3, 255, 255, 255, 255, 0, 0, 0, 0, 0, 0, 0, 2, 104, 105])
  const cells = cellsOf(row, 1)
  expect(cells.map((cell) => cell?.toString() ?? null)).toEqual([null, '', 'hi'])
  expect(cells[2]?.buffer).toBe(row.buffer)
})
