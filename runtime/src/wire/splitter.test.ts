import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FrameSplitter } from './splitter.ts'

const FRAME_MAX = 1_000

const frame = (code: number, body: Uint8Array) => {
  const bytes = Buffer.alloc(5 + body.length)
  bytes[0] = code
  bytes.writeInt32BE(body.length + 4, 1)
  bytes.set(body, 5)
  return bytes
}

/** What the sink is told, in words. */
function split(chunks: Iterable<Buffer>): string[] {
  const told: string[] = []
  const splitter = new FrameSplitter(FRAME_MAX, {
    onFrame: (code, chunk, start, end) => told.push(`${code}:${chunk.toString('hex', start, end)}`),
    onOversize: (code, bytes) => told.push(`${code} is too large: ${bytes}`),
  })
  for (const chunk of chunks) splitter.push(chunk)
  return told
}

const frames = fc.array(
  fc.tuple(fc.integer({ min: 1, max: 255 }), fc.uint8Array({ maxLength: 1_200, size: 'max' })),
  {
    maxLength: 8,
  },
)

describe('FrameSplitter', () => {
  test('finds the same frames however the stream is cut', () => {
    fc.assert(
      fc.property(frames, fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1 }), (list, sizes) => {
        const stream = Buffer.concat(list.map(([code, body]) => frame(code, body)))
        const chunks: Buffer[] = []
        for (let at = 0, i = 0; at < stream.length; i++) {
          const size = sizes[i % sizes.length] ?? 1
          chunks.push(stream.subarray(at, at + size))
          at += size
        }
        const expected = list.map(([code, body]) =>
          body.length + 5 > FRAME_MAX
            ? `${code} is too large: ${body.length + 5}`
            : `${code}:${Buffer.from(body).toString('hex')}`,
        )
        expect(split(chunks)).toEqual(expected)
      }),
    )
  })

  test('hands on a frame that lies whole in a chunk without copying it', () => {
    const chunk = frame(68, new Uint8Array(3))
    let seen: Buffer | undefined
    const splitter = new FrameSplitter(FRAME_MAX, {
      onFrame: (_code, given) => {
        seen = given
      },
      onOversize: () => {},
    })
    splitter.push(chunk)
    expect(seen).toBe(chunk)
  })

  test('refuses a length that does not even count itself', () => {
    expect(() => split([Buffer.from([68, 0, 0, 0, 3])])).toThrow('impossible length')
    expect(() => split([Buffer.from([68, 255]), Buffer.from([255, 255, 255])])).toThrow('impossible length')
  })
})
