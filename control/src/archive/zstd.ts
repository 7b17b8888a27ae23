/**
 * The middle layer: zstd frames, one behind the other, as `zstd -d` reads them.
 *
 * Each 8 MiB becomes a frame of its own, so that several are worked on at once by the thread pool and come out in
 * order. Node's own streams (24.21) would not do: the compressor uses one thread and breaks with `nbWorkers`, the
 * decompressor stops without a word behind the first frame. The window of level 3 is 2 MiB, so the borders cost
 * next to nothing. A frame that would unpack to more than 8 MiB is refused: no file can ask for more memory.
 */
import { availableParallelism } from 'node:os'
import { promisify } from 'node:util'
import { constants, zstdCompress, zstdDecompress } from 'node:zlib'
import { Broken, Input } from './input.ts'

const compress = promisify(zstdCompress)
const decompress = promisify(zstdDecompress)

const FRAME_BYTES = 8 * 1024 * 1024
/** Incompressible bytes grow by 3 for each block of 128 KiB, plus header and checksum. */
const PACKED_BYTES_MAX = FRAME_BYTES + 64 * 1024
const LEVEL = 3
/** Each chunk is a trip to the thread pool and back; Node's 16 KiB would make 500 of them for a frame. */
const CHUNK_BYTES = 2 * 1024 * 1024
const PACKING = {
  chunkSize: CHUNK_BYTES,
  params: { [constants.ZSTD_c_compressionLevel]: LEVEL, [constants.ZSTD_c_checksumFlag]: 1 },
}

/** The thread pool has four threads, and others want one too. */
export const framesAtOnce = (): number => Math.max(1, Math.min(3, availableParallelism()))

/** Frames of the source's bytes. Up to `inFlight` are under way: memory is about 16 MiB for each. */
export const zstdFrames = (inFlight: number) => (source: AsyncIterable<Uint8Array>) => {
  // Buffers are used again: giving 8 MiB to the collector for every frame costs as much as hashing them.
  const spare: Buffer[] = []
  return inOrder(blocks(source, spare), inFlight, async ({ buffer, bytes }) => {
    const packed = await compress(buffer.subarray(0, bytes), PACKING)
    spare.push(buffer)
    return packed
  })
}

/** The bytes of such frames. */
export const unzstdFrames = (inFlight: number) => (source: AsyncIterable<Buffer>) =>
  inOrder(frames(source), inFlight, unpack)

async function unpack(frame: Buffer): Promise<Buffer> {
  try {
    return await decompress(frame, { maxOutputLength: FRAME_BYTES, chunkSize: CHUNK_BYTES })
  } catch (error) {
    throw new Broken('a block cannot be unpacked', { cause: error })
  }
}

/** Works on several items at once and gives their results in order; a failure comes in its turn too. */
async function* inOrder<Item>(
  items: AsyncIterable<Item>,
  inFlight: number,
  work: (item: Item) => Promise<Buffer>,
): AsyncGenerator<Buffer> {
  const iterator = items[Symbol.asyncIterator]()
  const underWay: Promise<Buffer>[] = []
  let ended: { error?: unknown } | undefined
  try {
    while (!ended || underWay.length > 0) {
      while (!ended && underWay.length < inFlight) {
        const next = await iterator.next().catch((error: unknown) => ({ error }))
        if ('error' in next) ended = { error: next.error }
        else if (next.done) ended = {}
        else underWay.push(quiet(work(next.value)))
      }
      const first = underWay.shift()
      if (first) yield await first
    }
    if (ended && 'error' in ended) throw ended.error
  } finally {
    await Promise.allSettled(underWay)
    await iterator.return?.()
  }
}

/** Awaited in its turn; until then a failure is nobody's surprise. */
function quiet<Result>(work: Promise<Result>): Promise<Result> {
  work.catch(() => {})
  return work
}

type Block = { buffer: Buffer; bytes: number }

async function* blocks(source: AsyncIterable<Uint8Array>, spare: Buffer[]): AsyncGenerator<Block> {
  const next = (): Block => ({ buffer: spare.pop() ?? Buffer.allocUnsafeSlow(FRAME_BYTES), bytes: 0 })
  let block = next()
  for await (const piece of source) {
    for (let rest = piece; rest.length > 0; ) {
      const taken = rest.subarray(0, FRAME_BYTES - block.bytes)
      rest = rest.subarray(taken.length)
      block.buffer.set(taken, block.bytes)
      block.bytes += taken.length
      if (block.bytes < FRAME_BYTES) continue
      yield block
      block = next()
    }
  }
  if (block.bytes > 0) yield block
}

/** Cuts the source at the ends of its frames, by their block headers (RFC 8878, 3.1.1). */
async function* frames(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const input = new Input(source)
  while (!(await input.atEnd())) yield await nextFrame(input)
}

const MAGIC = 0xfd2fb528
const DICTIONARY_ID_BYTES = [0, 1, 2, 4]
const RAW = 0
const RLE = 1
const COMPRESSED = 2

async function nextFrame(input: Input): Promise<Buffer> {
  const start = await input.exactly(5)
  const descriptor = start[4] ?? 0
  if (start.readUInt32LE(0) !== MAGIC) throw new Broken('it is not packed with zstd')
  const singleSegment = (descriptor & 0x20) !== 0
  const sizeFlag = descriptor >> 6
  const sizeBytes = sizeFlag === 0 ? Number(singleSegment) : 2 ** sizeFlag
  const headerBytes = Number(!singleSegment) + (DICTIONARY_ID_BYTES[descriptor & 3] ?? 0) + sizeBytes
  const pieces = [start, await input.exactly(headerBytes)]
  let bytes = start.length + headerBytes
  for (let last = false; !last; ) {
    const blockHeader = await input.exactly(3)
    const block = blockHeader.readUIntLE(0, 3)
    last = (block & 1) === 1
    const kind = (block >> 1) & 3
    if (kind !== RAW && kind !== RLE && kind !== COMPRESSED) throw new Broken('a block is of no known kind')
    const length = kind === RLE ? 1 : block >> 3
    bytes += 3 + length
    if (bytes > PACKED_BYTES_MAX) throw new Broken('a frame is longer than any that is written')
    pieces.push(blockHeader, await input.exactly(length))
  }
  if ((descriptor & 4) !== 0) pieces.push(await input.exactly(4))
  return Buffer.concat(pieces)
}
