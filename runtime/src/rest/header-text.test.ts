import { describe, expect, test } from 'vitest'
import { PostgresError } from '../session/database.ts'
import { isStatus, toHeaders, toHeaderText } from './header-text.ts'
import { refusalToError } from './refusals.ts'
import { errorToResponse } from './respond.ts'

describe('a header of a function', () => {
  test.each([
    ['as it is', [['X-Pot', 'short and stout']], [['X-Pot', 'short and stout']]],
    ['in another script as the bytes of UTF-8', [['X', 'Zoë']], [['X', 'ZoÃ«']]],
    ['with a tab', [['X', 'a\tb']], [['X', 'a\tb']]],
    ['not with a line break, which would begin another header', [['X', 'a\r\nSet-Cookie: b']], null],
    ['not with a zero byte', [['X', 'a\0']], null],
    ['not under a name of two words', [['X Y', 'a']], null],
    ['not under no name', [['', 'a']], null],
  ] as [string, [string, string][], [string, string][] | null][])(
    'is written %s',
    (_sentence, pairs, expected) => {
      expect(toHeaders(pairs)).toEqual(expected)
    },
  )
})

test.each(['Content-Length', 'transfer-encoding', 'Connection', 'Keep-Alive', 'Upgrade', 'Date', 'Trailer'])(
  'a function has no say in %s: it frames the answer, or is about the connection',
  (name) => {
    const pairs: [string, string][] = [
      [name, '1'],
      ['X-Own', '2'],
    ]
    expect(toHeaders(pairs)).toEqual([['X-Own', '2']])
  },
)

test('a status is one that can be the last word', () => {
  expect([200, 204, 418, 599, 999].every(isStatus)).toBe(true)
  expect([0, 99, 100, 101, 199, 1000, 200.5, Number.NaN].some(isStatus)).toBe(false)
})

describe('an error that SQL raised', () => {
  const raised = (code: string, message: string, detail?: string) =>
    errorToResponse(refusalToError(new PostgresError({ code, message, detail }), false))

  test('in any script has a reason phrase that HTTP can carry, or none', () => {
    expect(raised('PT402', 'Zahlung nötig – bitte').statusText).toBe(toHeaderText('Zahlung nötig – bitte'))
    expect(raised('PT402', 'two\nlines')).toMatchObject({ status: 402, headers: expect.anything() })
    expect(raised('PT402', 'two\nlines').statusText).toBeUndefined()
  })
  test('with a status that is none is our fault to tell: 500', () => {
    expect(raised('PT000', 'x').status).toBe(500)
    expect(raised('PT101', 'x').status).toBe(500)
  })
  test('as JSON with a status or a header that cannot be written is not taken', () => {
    const message = '{"code":"1","message":"m"}'
    expect(raised('PGRST', message, '{"status":50,"headers":{}}').body).toContain('PGRST121')
    expect(raised('PGRST', message, '{"status":400,"headers":{"X":"a\\r\\nb"}}').body).toContain('PGRST121')
    const odd = raised('PGRST', '{"code":"a\\nb","message":"m"}', '{"status":400,"headers":{}}')
    expect(odd.headers.map(([name]) => name)).not.toContain('Proxy-Status')
  })
})
