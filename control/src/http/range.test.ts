import { describe, expect, test } from 'vitest'
import { parseRange } from './range.ts'

describe('parseRange', () => {
  test.each([
    ['no header gives all', undefined, undefined],
    ['another unit gives all', 'lines=1-2', undefined],
    ['several ranges give all', 'bytes=0-1,4-5', undefined],
    ['a range that runs backwards gives all', 'bytes=5-4', undefined],
    ['nothing named gives all', 'bytes=-', undefined],
    ['from the start', 'bytes=0-3', { start: 0, end: 3 }],
    ['to the end', 'bytes=7-', { start: 7, end: 9 }],
    ['past the end is cut', 'bytes=7-99', { start: 7, end: 9 }],
    ['the last bytes', 'bytes=-3', { start: 7, end: 9 }],
    ['more last bytes than there are', 'bytes=-99', { start: 0, end: 9 }],
  ])('%s', (_sentence, header, range) => {
    expect(parseRange(header, 10)).toEqual(range)
  })

  test.each(['bytes=10-', 'bytes=-0', 'bytes=99-100'])('%s lies outside of ten bytes', (header) => {
    expect(() => parseRange(header, 10)).toThrow('10 bytes')
  })
})
