/** Bytes pulled from a stream in the amounts a format asks for. */

/** Not the format it should be. The reader of archives says what that means. */
export class Broken extends Error {}

export class Input {
  readonly #source: AsyncIterator<Buffer>
  #left: Buffer = Buffer.alloc(0)

  constructor(source: AsyncIterable<Buffer>) {
    this.#source = source[Symbol.asyncIterator]()
  }

  /** Is there nothing more? */
  async atEnd(): Promise<boolean> {
    while (this.#left.length === 0) {
      const { done, value } = await this.#source.next()
      if (done) return true
      this.#left = value
    }
    return false
  }

  /** At least one byte, at most so many. */
  async upTo(bytes: number): Promise<Buffer> {
    if (await this.atEnd()) throw new Broken('what is inside ends too early')
    const piece = this.#left.subarray(0, bytes)
    this.#left = this.#left.subarray(bytes)
    return piece
  }

  async exactly(bytes: number): Promise<Buffer> {
    const pieces: Buffer[] = []
    for (let left = bytes; left > 0; ) {
      const piece = await this.upTo(left)
      left -= piece.length
      pieces.push(piece)
    }
    return pieces.length === 1 && pieces[0] ? pieces[0] : Buffer.concat(pieces)
  }
}
