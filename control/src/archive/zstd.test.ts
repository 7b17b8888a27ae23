import { constants, zstdCompressSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Broken } from './input.ts'
import { unzstdFrames, zstdFrames } from './zstd.ts'

async function* pieces(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}
async function gather(source: AsyncIterable<Buffer>): Promise<Buffer> {
  const all: Buffer[] = []
  for await (const piece of source) all.push(piece)
  return Buffer.concat(all)
}
const unpack = (packed: Buffer, size = 1000) => gather(unzstdFrames(2)(pieces(packed, size)))
const MiB = 1024 * 1024

describe('frames of zstd', () => {
  test.each([0, 1, 8 * MiB - 1, 8 * MiB, 8 * MiB + 1, 30 * MiB])('%d bytes come back', async (size) => {
    const plain = Buffer.alloc(size, 'some text that repeats\n')
    const packed = await gather(zstdFrames(3)(pieces(plain, 1_000_003)))
    expect((await unpack(packed, 65_536)).equals(plain)).toBe(true)
  })

  test('bytes that cannot be packed come back', async () => {
    const plain = Buffer.from(
      Uint32Array.from({ length: 3 * MiB }, (_, at) => Math.imul(at, 2_654_435_761)).buffer,
    )
    const packed = await gather(zstdFrames(3)(pieces(plain, MiB)))
    expect((await unpack(packed, 65_536)).equals(plain)).toBe(true)
  })

  test('frames of other writers, with and without checksum and size, are cut at their ends', async () => {
    const options = [
      { checksumFlag: 0, contentSizeFlag: 1 },
      { checksumFlag: 1, contentSizeFlag: 0 },
    ]
    const text = fc.stringMatching(/^[a-z \n]{0,4000}$/)
    await fc.assert(
      fc.asyncProperty(
        fc.array(text, { minLength: 1, maxLength: 6 }),
        fc.integer({ min: 1, max: 999 }),
        async (texts, size) => {
          const packed = texts.map((one, at) =>
            zstdCompressSync(one, {
              params: {
                [constants.ZSTD_c_checksumFlag]: options[at % 2]?.checksumFlag ?? 0,
                [constants.ZSTD_c_contentSizeFlag]: options[at % 2]?.contentSizeFlag ?? 0,
              },
            }),
          )
          expect((await unpack(Buffer.concat(packed), size)).toString()).toBe(texts.join(''))
        },
      ),
      { numRuns: 50 },
    )
  })

  const frame = zstdCompressSync('some text', { params: { [constants.ZSTD_c_checksumFlag]: 1 } })
  test.each<[string, Buffer]>([
    ['rubbish behind a frame', Buffer.concat([frame, Buffer.from('rubbish')])],
    ['a frame cut off', frame.subarray(0, -1)],
    ['a skippable frame', Buffer.from('502a4d1800000000', 'hex')],
    ['a changed checksum', Buffer.concat([frame.subarray(0, -1), Buffer.from([(frame.at(-1) ?? 0) ^ 1])])],
    ['a frame that unpacks to more than is ever written', zstdCompressSync(Buffer.alloc(8 * MiB + 1))],
  ])('%s is refused', async (_what, packed) => {
    await expect(unpack(packed)).rejects.toThrow(Broken)
  })

  test('what comes before the rubbish is still given', async () => {
    const seen: string[] = []
    const reading = async () => {
      for await (const piece of unzstdFrames(4)(pieces(Buffer.concat([frame, Buffer.from('rubbish')]), 5)))
        seen.push(piece.toString())
    }
    await expect(reading()).rejects.toThrow(Broken)
    expect(seen).toEqual(['some text'])
  })
})
