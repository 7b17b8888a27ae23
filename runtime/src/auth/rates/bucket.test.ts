import { describe, expect, test } from 'vitest'
import { type Bucket, takeToken } from './bucket.ts'

const SIZE = { capacity: 3, refillMs: 300_000 }
const S = 1_000

/** `+` or the seconds to wait, for a token asked for at each of these seconds. */
function answers(seconds: readonly number[], size = SIZE): string {
  let bucket: Bucket | undefined
  return seconds
    .map((second) => {
      const taken = takeToken(bucket, size, second * S)
      bucket = taken.bucket
      return taken.isAllowed ? '+' : String(taken.retryAfterMs / S)
    })
    .join(' ')
}

describe('takeToken', () => {
  test.each([
    ['a full bucket gives all it has at once', [0, 0, 0], '+ + +'],
    ['then tells when the next token is there', [0, 0, 0, 0], '+ + + 100'],
    ['asking again does not delay it', [0, 0, 0, 0, 50, 75], '+ + + 100 50 25'],
    ['and it is there then', [0, 0, 0, 0, 100], '+ + + 100 +'],
    ['one token only', [0, 0, 0, 100, 100], '+ + + + 100'],
    ['after the whole period it is full again', [0, 0, 0, 300, 300, 300, 300], '+ + + + + + 100'],
    ['and never more than full', [0, 0, 0, 9_000, 9_000, 9_000, 9_000], '+ + + + + + 100'],
    ['a clock that is set back takes nothing away', [1_000, 1_000, 0, 0], '+ + + 100'],
  ] as [string, number[], string][])('%s', (_sentence, seconds, expected) => {
    expect(answers(seconds)).toBe(expected)
  })

  test('a capacity of none never gives, and says when to look again', () => {
    expect(answers([0, 300], { capacity: 0, refillMs: 300_000 })).toBe('300 300')
  })

  test('a lowered capacity counts at once', () => {
    const { bucket } = takeToken(undefined, { capacity: 100, refillMs: 300_000 }, 0)
    expect(takeToken(bucket, SIZE, 0).bucket.tokens).toBe(2)
  })
})
