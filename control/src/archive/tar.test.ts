import { Readable } from 'node:stream'
import fc from 'fast-check'
import { extract, pack } from 'tar-stream'
import { describe, expect, test } from 'vitest'
import { Broken } from './input.ts'
import { encodeHeader, type TarEntry, tarOf, walkTar } from './tar.ts'

type Plain = { name: string; text: string }

async function* entriesOf(files: readonly Plain[]): AsyncGenerator<TarEntry> {
  for (const { name, text } of files) yield { name, content: [Buffer.from(text)] }
}

async function gathered<Piece>(source: AsyncIterable<Piece>): Promise<Piece[]> {
  const all: Piece[] = []
  for await (const piece of source) all.push(piece)
  return all
}

async function bytesOf(files: readonly Plain[]): Promise<Buffer> {
  return Buffer.concat(await gathered(tarOf(entriesOf(files), new Date(0))))
}

async function walked(tar: Buffer, size = 1000): Promise<Plain[]> {
  const files: Plain[] = []
  const pieces = async function* () {
    for (let at = 0; at < tar.length; at += size) yield tar.subarray(at, at + size)
  }
  await walkTar(pieces(), {
    begin: (name) => void files.push({ name, text: '' }),
    piece(piece) {
      const last = files.at(-1)
      if (last) last.text += piece.toString('latin1')
    },
    end() {},
  })
  return files
}

const FILES = [
  { name: 'manifest.json', text: '{}' },
  { name: 'database/000000.part', text: 'x'.repeat(512) },
  { name: 'empty', text: '' },
]

describe('plain tar', () => {
  test('another reader of tar finds the same files', async () => {
    const reader = extract()
    Readable.from([await bytesOf(FILES)]).pipe(reader as unknown as NodeJS.WritableStream)
    const found: Plain[] = []
    for await (const entry of reader) {
      const pieces = await gathered(entry as AsyncIterable<Buffer>)
      found.push({ name: entry.header.name, text: Buffer.concat(pieces).toString() })
    }
    expect(found).toEqual(FILES)
  })

  test('what another writer packs plainly is read', async () => {
    const packed = pack()
    for (const { name, text } of FILES) packed.entry({ name }, text)
    packed.finalize()
    const tar = Buffer.concat(await gathered(packed as AsyncIterable<Buffer>))
    expect(await walked(tar)).toEqual(FILES)
  })

  test('reading gives back what was written, in pieces of any size', async () => {
    const file = fc.record({
      name: fc.stringMatching(/^[a-z][a-z0-9/.-]{0,90}$/),
      text: fc.stringMatching(/^[ -~]{0,1200}$/),
    })
    await fc.assert(
      fc.asyncProperty(
        fc.array(file, { maxLength: 5 }),
        fc.integer({ min: 1, max: 3000 }),
        async (files, size) => {
          expect(await walked(await bytesOf(files), size)).toEqual(files)
        },
      ),
      { numRuns: 50 },
    )
  })

  test.each([
    ['a link', (tar: Buffer) => retyped(tar, '2')],
    ['an extended header', (tar: Buffer) => retyped(tar, 'x')],
    ['a wrong checksum', (tar: Buffer) => withByte(tar, 0, 0x41)],
    ['something in the padding', (tar: Buffer) => withByte(tar, 512 + 100, 1)],
    ['something behind the end', (tar: Buffer) => Buffer.concat([tar, Buffer.from('more')])],
    ['only one closing block', (tar: Buffer) => tar.subarray(0, -512)],
    ['no closing blocks', (tar: Buffer) => tar.subarray(0, -1024)],
    ['half an entry', (tar: Buffer) => tar.subarray(0, 513)],
  ])('%s is refused', async (_what, change) => {
    await expect(walked(change(await bytesOf(FILES)))).rejects.toThrow(Broken)
  })

  test.each(['', 'a'.repeat(100), 'ä', 'a b'])('the name "%s" is not written', (name) => {
    expect(() => encodeHeader(name, 0, new Date(0))).toThrow()
  })
})

function withByte(tar: Buffer, at: number, value: number): Buffer {
  const changed = Buffer.from(tar)
  changed[at] = value
  return changed
}

/** The first entry's type replaced and its checksum mended, as an attacker would. */
function retyped(tar: Buffer, type: string): Buffer {
  const changed = Buffer.from(tar)
  const sum = Number.parseInt(changed.toString('latin1', 148, 154), 8)
  const mended = sum - (changed[156] ?? 0) + type.charCodeAt(0)
  changed.write(type, 156, 'latin1')
  changed.write(mended.toString(8).padStart(6, '0'), 148, 'latin1')
  return changed
}
