/**
 * Plain ustar, both ways: regular files one right behind the other, then two empty blocks, then nothing.
 *
 * A general tar reader also takes links, extended headers, gaps and whatever follows the end; an archive has none
 * of them, and here everything that is not plain is damage. Pulled, not pushed: memory is one piece at a time.
 */
import { Broken, Input } from './input.ts'

const BLOCK_BYTES = 512
const ENDING = Buffer.alloc(2 * BLOCK_BYTES)
const MAGIC = Buffer.from('ustar\x0000', 'latin1')
const MODE = '0000600\0'
const NOBODY = '0000000\0'

/** Offsets of POSIX.1-1988's header; lengths follow from the next one. */
const AT = {
  name: 0,
  mode: 100,
  uid: 108,
  gid: 116,
  size: 124,
  mtime: 136,
  sum: 148,
  type: 156,
  magic: 257,
} as const

const padding = (bytes: number): number => (BLOCK_BYTES - (bytes % BLOCK_BYTES)) % BLOCK_BYTES

/** The sum of all bytes, the sum's own field taken as spaces. */
function checksum(header: Buffer): number {
  let sum = 8 * 32
  for (let at = 0; at < BLOCK_BYTES; at++) if (at < AT.sum || at >= AT.type) sum += header[at] ?? 0
  return sum
}

export function encodeHeader(name: string, bytes: number, modifiedAt: Date): Buffer {
  const header = Buffer.alloc(BLOCK_BYTES)
  if (!/^[\x21-\x7e]{1,99}$/.test(name)) throw new Error('A tar name is 1 to 99 printable ASCII characters')
  header.write(name, AT.name, 'latin1')
  header.write(MODE, AT.mode, 'latin1')
  header.write(NOBODY, AT.uid, 'latin1')
  header.write(NOBODY, AT.gid, 'latin1')
  header.write(`${bytes.toString(8).padStart(11, '0')}\0`, AT.size, 'latin1')
  header.write(
    `${Math.floor(modifiedAt.getTime() / 1000)
      .toString(8)
      .padStart(11, '0')}\0`,
    AT.mtime,
    'latin1',
  )
  header.write('0', AT.type, 'latin1')
  MAGIC.copy(header, AT.magic)
  header.write(`${checksum(header).toString(8).padStart(6, '0')}\0 `, AT.sum, 'latin1')
  return header
}

export type TarEntry = { name: string; content: readonly Buffer[] }

/** The tar of these entries. `modifiedAt` is given to all: the same content makes the same bytes. */
export async function* tarOf(entries: AsyncIterable<TarEntry>, modifiedAt: Date): AsyncGenerator<Buffer> {
  for await (const { name, content } of entries) {
    const bytes = content.reduce((all, piece) => all + piece.length, 0)
    yield encodeHeader(name, bytes, modifiedAt)
    yield* content
    if (padding(bytes) > 0) yield Buffer.alloc(padding(bytes))
  }
  yield ENDING
}

/** A name and size, or undefined at an empty block. Whoever wrote it: GNU and BSD tar's ustar will do too. */
export function decodeHeader(header: Buffer): { name: string; bytes: number } | undefined {
  if (header.every((byte) => byte === 0)) return undefined
  const text = (from: number, to: number) => header.toString('latin1', from, to).replace(/\0.*$/s, '')
  const octal = (from: number, to: number) => {
    const digits = text(from, to).trim()
    return /^[0-7]{1,12}$/.test(digits) ? Number.parseInt(digits, 8) : Number.NaN
  }
  const bytes = octal(AT.size, AT.mtime)
  const isFile = text(AT.type, AT.type + 1) === '0' && text(345, 500) === ''
  const isUstar = text(AT.magic, AT.magic + 5) === 'ustar'
  if (octal(AT.sum, AT.type) !== checksum(header) || !isFile || !isUstar || Number.isNaN(bytes))
    throw new Broken('an entry in it is no plain file')
  return { name: text(AT.name, AT.mode), bytes }
}

/** What is done with each entry: `begin` may refuse it, `piece` sees its bytes in order, `end` closes it. */
export type TarVisitor = {
  begin(name: string, bytes: number): void
  piece(piece: Buffer): Promise<void> | void
  end(): void
}

/** Walks a tar to its very last byte. */
export async function walkTar(source: AsyncIterable<Buffer>, visitor: TarVisitor): Promise<void> {
  const input = new Input(source)
  for (;;) {
    const header = decodeHeader(await input.exactly(BLOCK_BYTES))
    if (!header) break
    visitor.begin(header.name, header.bytes)
    for (let left = header.bytes; left > 0; ) {
      const piece = await input.upTo(left)
      left -= piece.length
      await visitor.piece(piece)
    }
    visitor.end()
    await zeroes(input, padding(header.bytes))
  }
  await zeroes(input, BLOCK_BYTES)
  // The tar command fills its last record up with empty blocks: an archive repacked by hand ends so.
  while (!(await input.atEnd())) refuseContent(await input.upTo(BLOCK_BYTES))
}

async function zeroes(input: Input, bytes: number): Promise<void> {
  refuseContent(await input.exactly(bytes))
}

function refuseContent(bytes: Buffer): void {
  if (bytes.some((byte) => byte !== 0)) throw new Broken('there are bytes where nothing should be')
}
