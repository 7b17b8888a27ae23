import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Message, read, type Version, versionOf, writeReply } from './protocol.ts'

const join: Message = { joinRef: '1', ref: '2', topic: 'realtime:room', event: 'phx_join' }

/** As realtime-js packs it: a kind, lengths of a byte each, then the texts. */
function packed(kind: number, texts: readonly string[], more: readonly number[] = [], rest = ''): Buffer {
  const lengths = texts.map((text) => Buffer.byteLength(text))
  return Buffer.concat([Buffer.from([kind, ...lengths, ...more]), Buffer.from(`${texts.join('')}${rest}`)])
}

describe('a message', () => {
  test.each<[sentence: string, version: Version, frame: string | Buffer, message: Message | undefined]>([
    [
      'of the first version',
      '1.0.0',
      '{"topic":"realtime:room","event":"phx_join","payload":{},"ref":"2","join_ref":"1"}',
      join,
    ],
    [
      'of the first version without references',
      '1.0.0',
      '{"topic":"phoenix","event":"heartbeat","payload":{}}',
      { joinRef: null, ref: null, topic: 'phoenix', event: 'heartbeat' },
    ],
    ['of the second version', '2.0.0', '["1","2","realtime:room","phx_join",{}]', join],
    [
      'of the second version without references',
      '2.0.0',
      '[null,null,"phoenix","heartbeat",{}]',
      { joinRef: null, ref: null, topic: 'phoenix', event: 'heartbeat' },
    ],
    [
      'as a push of bytes',
      '2.0.0',
      packed(0, ['1', '2', 'realtime:room', 'grüß'], [], 'data'),
      { ...join, event: 'grüß' },
    ],
    [
      "as a user's broadcast",
      '2.0.0',
      packed(3, ['1', '2', 'realtime:room', 'cursor'], [2, 1], '{}{"x":1}'),
      { ...join, event: 'broadcast' },
    ],
    [
      "as a user's broadcast without references",
      '2.0.0',
      packed(3, ['', '', 'realtime:room', 'cursor'], [0, 1], '{"x":1}'),
      { joinRef: null, ref: null, topic: 'realtime:room', event: 'broadcast' },
    ],
    ['in words of the other version', '2.0.0', '{"topic":"a","event":"b","payload":{}}', undefined],
    ['in words of the other version again', '1.0.0', '["1","2","a","b",{}]', undefined],
    ['as bytes in the first version', '1.0.0', packed(0, ['1', '2', 'a', 'b']), undefined],
    ['that is no JSON', '2.0.0', 'hello', undefined],
    ['that is too short a list', '2.0.0', '["1","2","a","b"]', undefined],
    ['whose topic is a number', '2.0.0', '["1","2",3,"b",{}]', undefined],
    ['of a kind that only servers send', '2.0.0', packed(4, ['1', '2', 'a', 'b']), undefined],
    [
      'of bytes that end before their texts do',
      '2.0.0',
      packed(0, ['1', '2', 'a', 'long']).subarray(0, 8),
      undefined,
    ],
    ['of no bytes', '2.0.0', Buffer.alloc(0), undefined],
  ])('%s is read for what it is', (_sentence, version, frame, message) => {
    expect(read(version, frame)).toEqual(message)
  })

  test('of any bytes and any text is read or not, and never breaks', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 64 }),
        fc.constantFrom<Version>('1.0.0', '2.0.0'),
        (bytes, version) => {
          for (const frame of [Buffer.from(bytes), Buffer.from(bytes).toString('latin1')]) {
            const message = read(version, frame)
            if (message !== undefined) expect(typeof message.topic).toBe('string')
          }
        },
      ),
      { numRuns: 5_000 },
    )
  })
})

test('a reply comes back under the references of what it answers', () => {
  const reply = { status: 'ok', response: { a: 1 } } as const
  expect(JSON.parse(writeReply('2.0.0', join, reply))).toEqual([
    '1',
    '2',
    'realtime:room',
    'phx_reply',
    reply,
  ])
  expect(JSON.parse(writeReply('1.0.0', join, reply))).toEqual({
    ...{ topic: 'realtime:room', event: 'phx_reply', payload: reply, ref: '2', join_ref: '1' },
  })
  const beat = { joinRef: null, ref: '3', topic: 'phoenix', event: 'heartbeat' }
  expect(JSON.parse(writeReply('1.0.0', beat, reply))).toEqual({
    ...{ topic: 'phoenix', event: 'phx_reply', payload: reply, ref: '3' },
  })
})

test.each([
  [null, '1.0.0'],
  ['1.0.0', '1.0.0'],
  ['2.0.0', '2.0.0'],
  ['3.0.0', undefined],
  ['', undefined],
])('vsn=%s is %s', (vsn, version) => {
  expect(versionOf(vsn)).toBe(version)
})
