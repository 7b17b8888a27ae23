import { describe, expect, test } from 'vitest'
import { answerHeaders, requestHeaders, upgradeHeaders } from './headers.ts'

describe('a request that is passed on', () => {
  test.each<[sentence: string, method: string, given: string[], passed: string[]]>([
    [
      'keeps what is for the project',
      'GET',
      ['Accept', '*/*', 'apikey', 'k'],
      ['Accept', '*/*', 'apikey', 'k'],
    ],
    [
      'keeps names that repeat, in order',
      'GET',
      ['A', '1', 'B', '2', 'a', '3'],
      ['A', '1', 'B', '2', 'a', '3'],
    ],
    [
      'loses what was for this hop',
      'GET',
      ['Connection', 'keep-alive', 'Keep-Alive', '5', 'TE', 'trailers'],
      [],
    ],
    [
      'loses what its Connection names',
      'GET',
      ['connection', 'close, X-Mine', 'x-mine', '1', 'y', '2'],
      ['y', '2'],
    ],
    ['loses the ref that the edge set', 'GET', ['X-Cascata-Ref', 'shop', 'Host', 'h'], ['Host', 'h']],
    ['has its length as it came', 'POST', ['Content-Length', '5'], ['Content-Length', '5']],
    [
      'is in chunks when it came in chunks',
      'POST',
      ['transfer-encoding', 'chunked'],
      ['Transfer-Encoding', 'chunked'],
    ],
    ['without a body has none, whatever its method', 'POST', [], ['Content-Length', '0']],
  ])('%s', (_sentence, method, given, passed) => {
    expect(requestHeaders(method, given)).toEqual(passed)
  })
})

test('an answer loses what was for one hop and keeps the rest, cookies one by one', () => {
  const given = [
    'Set-Cookie',
    'a=1',
    'Connection',
    'close',
    'Set-Cookie',
    'b=2',
    'Transfer-Encoding',
    'chunked',
  ]
  expect(answerHeaders(given)).toEqual(['Set-Cookie', 'a=1', 'Set-Cookie', 'b=2'])
})

test('a change of protocol keeps what asks for it', () => {
  const given = ['Connection', 'Upgrade', 'Upgrade', 'websocket', 'X-Cascata-Ref', 'shop']
  expect(upgradeHeaders(given)).toEqual(['Connection', 'Upgrade', 'Upgrade', 'websocket'])
})
