/** Cuts the byte stream of Postgres into frames: a code byte, a length that counts itself, a body. */

export type FrameSink = {
  /** The body is `chunk[start, end)`; the code and length stand in the five bytes before it. */
  onFrame(code: number, chunk: Buffer, start: number, end: number): void
  /** A frame above the bound: its bytes are skipped, not kept. */
  onOversize(code: number, bytes: number): void
}

const HEADER_BYTES = 5

export class FrameSplitter {
  readonly #frameBytesMax: number
  readonly #sink: FrameSink
  /** The frame that has begun but not ended. It has its final size from the start: no growing, one copy. */
  #partial: Buffer = Buffer.alloc(0)
  #filled = 0
  #skip = 0

  constructor(frameBytesMax: number, sink: FrameSink) {
    this.#frameBytesMax = frameBytesMax
    this.#sink = sink
  }

  push(chunk: Buffer): void {
    let offset = 0
    while (offset < chunk.length) {
      if (this.#skip > 0) offset += this.#skipSome(chunk.length - offset)
      else if (this.#filled > 0) offset += this.#fill(chunk, offset)
      else offset = this.#whole(chunk, offset)
    }
  }

  #skipSome(available: number): number {
    const skipped = Math.min(this.#skip, available)
    this.#skip -= skipped
    return skipped
  }

  /** Hands on the frames that lie whole in the chunk; starts a partial one with the rest. */
  #whole(chunk: Buffer, from: number): number {
    let offset = from
    while (chunk.length - offset >= HEADER_BYTES) {
      const size = sizeOf(chunk, offset)
      if (size > this.#frameBytesMax) {
        this.#startSkipping(chunk[offset] ?? 0, size)
        return offset + HEADER_BYTES
      }
      if (chunk.length - offset < size) break
      this.#sink.onFrame(chunk[offset] ?? 0, chunk, offset + HEADER_BYTES, offset + size)
      offset += size
    }
    const rest = chunk.length - offset
    if (rest > 0) {
      this.#partial = Buffer.allocUnsafe(rest < HEADER_BYTES ? HEADER_BYTES : sizeOf(chunk, offset))
      this.#filled = chunk.copy(this.#partial, 0, offset)
    }
    return chunk.length
  }

  #fill(chunk: Buffer, offset: number): number {
    const copied = chunk.copy(this.#partial, this.#filled, offset)
    this.#filled += copied
    if (this.#filled < this.#partial.length) return copied
    const size = sizeOf(this.#partial, 0)
    const code = this.#partial[0] ?? 0
    if (size > this.#frameBytesMax) {
      this.#startSkipping(code, size)
    } else if (size > this.#partial.length) {
      const header = this.#partial
      this.#partial = Buffer.allocUnsafe(size)
      header.copy(this.#partial)
    } else {
      const frame = this.#partial
      this.#reset()
      this.#sink.onFrame(code, frame, HEADER_BYTES, size)
    }
    return copied
  }

  #startSkipping(code: number, size: number): void {
    this.#reset()
    this.#skip = size - HEADER_BYTES
    this.#sink.onOversize(code, size)
  }

  #reset(): void {
    this.#partial = Buffer.alloc(0)
    this.#filled = 0
  }
}

function sizeOf(chunk: Buffer, offset: number): number {
  const size = chunk.readInt32BE(offset + 1) + 1
  if (size < HEADER_BYTES) throw new Error('Postgres sent a frame of an impossible length.')
  return size
}
