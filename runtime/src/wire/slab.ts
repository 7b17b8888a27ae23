/**
 * Memory for what a socket reads: one stretch for many reads, each right behind the last. What was read is never
 * written over, so slices of it can be kept; a stretch is let go with the last slice.
 *
 * Node's own way is a new 64 KB for each read, shrunk to what came: for answers of a few hundred bytes that cost more
 * than reading them.
 */
export class ReadSlab {
  readonly #bytes: number
  readonly #leastFree: number
  #slab: Buffer
  #used = 0

  /** @param leastFree a read gets at least so much; below it a new stretch begins. */
  constructor(bytes: number, leastFree: number) {
    this.#bytes = bytes
    this.#leastFree = leastFree
    this.#slab = Buffer.allocUnsafeSlow(bytes)
  }

  /** Where the next read may write. */
  free(): Buffer {
    if (this.#bytes - this.#used < this.#leastFree) {
      this.#slab = Buffer.allocUnsafeSlow(this.#bytes)
      this.#used = 0
    }
    return this.#slab.subarray(this.#used)
  }

  /** The bytes that came into what `free` gave last. */
  take(count: number): Buffer {
    const taken = this.#slab.subarray(this.#used, this.#used + count)
    this.#used += count
    return taken
  }
}
