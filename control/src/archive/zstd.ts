/**
 * The middle layer: zstd frames, one behind the other, as `zstd -d` reads them.
 *
 * Each 8 MiB becomes a frame of its own, so that several are compressed at once on the thread pool and come out in
 * order. (Node's streaming compressor uses one thread, and its `nbWorkers` breaks at the end of a stream: 24.21.)
 * The window of level 3 is 2 MiB, so the frames' borders cost next to nothing.
 */
import { promisify } from 'node:util'
import { constants, createZstdDecompress, type ZstdDecompress, zstdCompress } from 'node:zlib'

const compress = promisify(zstdCompress)

const FRAME_BYTES = 8 * 1024 * 1024
const LEVEL = 3
const OPTIONS = {
  params: { [constants.ZSTD_c_compressionLevel]: LEVEL, [constants.ZSTD_c_checksumFlag]: 1 },
}

/** Frames of the source's bytes. Up to `inFlight` are being compressed: memory is about 16 MiB for each. */
export const zstdFrames = (inFlight: number) =>
  async function* (source: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
    const frames: Promise<Buffer>[] = []
    try {
      for await (const block of blocks(source)) {
        const frame = compress(block, OPTIONS)
        // Awaited in its turn; until then a failure is nobody's surprise.
        frame.catch(() => {})
        frames.push(frame)
        if (frames.length < inFlight) continue
        const first = frames.shift()
        if (first) yield await first
      }
      for (let first = frames.shift(); first; first = frames.shift()) yield await first
    } finally {
      await Promise.allSettled(frames)
    }
  }

async function* blocks(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let pieces: Uint8Array[] = []
  let bytes = 0
  for await (const piece of source) {
    pieces.push(piece)
    bytes += piece.length
    if (bytes < FRAME_BYTES) continue
    yield Buffer.concat(pieces)
    pieces = []
    bytes = 0
  }
  if (bytes > 0) yield Buffer.concat(pieces)
}

/** The default limit of the window (128 MiB) stands: it is also that of the `zstd` command. */
export const unzstd = (): ZstdDecompress => createZstdDecompress({ chunkSize: 1024 * 1024 })
