/**
 * Writes frontend messages one after another into one stretch of memory, so that many turns leave in one write.
 * pg-protocol's serializer makes a buffer per message and knows no binary parameter but Node's Buffer: hence ours.
 */
import type { Parameter } from '../session/database.ts'

const SLAB_BYTES = 16 * 1024
/** Below this a text is written without measuring it first: its UTF-8 is at most three times as long. */
const SHORT_TEXT = 2 * 1024

/** Up to here a text is written character by character. */
const NAME_LENGTH = 40

const PARSE = 0x50
const BIND = 0x42
const DESCRIBE = 0x44
const EXECUTE = 0x45
const CLOSE = 0x43
const QUERY = 0x51
const COPY_FAIL = 0x66
const STATEMENT = 0x53
const SYNC_FRAME = Buffer.from([0x53, 0, 0, 0, 4])
const FLUSH_FRAME = Buffer.from([0x48, 0, 0, 0, 4])
const DESCRIBE_PORTAL_FRAME = Buffer.from([DESCRIBE, 0, 0, 0, 6, 0x50, 0])
const EXECUTE_FRAME = Buffer.from([EXECUTE, 0, 0, 0, 9, 0, 0, 0, 0, 0])

export class FrameWriter {
  #slab = Buffer.allocUnsafe(SLAB_BYTES)
  #start = 0
  #end = 0

  get isEmpty(): boolean {
    return this.#end === this.#start
  }

  /** What was written since the last take. The memory is never written again. */
  take(): Buffer {
    const written = this.#slab.subarray(this.#start, this.#end)
    this.#start = this.#end
    return written
  }

  parse(statement: string, text: string): void {
    const frame = this.#open(PARSE)
    this.#cstring(statement)
    this.#cstring(text)
    this.#int16(0) // no parameter types: Postgres infers them
    this.#close(frame)
  }

  /** Binds to the unnamed portal; results come in text format. */
  bind(statement: string, values: readonly Parameter[]): void {
    const frame = this.#open(BIND)
    this.#cstring('')
    this.#cstring(statement)
    this.#formats(values)
    this.#int16(values.length)
    for (const value of values) this.#value(value)
    this.#int16(0)
    this.#close(frame)
  }

  describePortal(): void {
    this.#bytes(DESCRIBE_PORTAL_FRAME)
  }

  execute(): void {
    this.#bytes(EXECUTE_FRAME)
  }

  closeStatement(statement: string): void {
    const frame = this.#open(CLOSE)
    this.#reserve(1)
    this.#slab[this.#end++] = STATEMENT
    this.#cstring(statement)
    this.#close(frame)
  }

  sync(): void {
    this.#bytes(SYNC_FRAME)
  }

  flush(): void {
    this.#bytes(FLUSH_FRAME)
  }

  query(text: string): void {
    const frame = this.#open(QUERY)
    this.#cstring(text)
    this.#close(frame)
  }

  copyFail(reason: string): void {
    const frame = this.#open(COPY_FAIL)
    this.#cstring(reason)
    this.#close(frame)
  }

  #formats(values: readonly Parameter[]): void {
    const isBinary = values.some((value) => value instanceof Uint8Array)
    this.#int16(isBinary ? values.length : 0)
    if (!isBinary) return
    for (const value of values) this.#int16(value instanceof Uint8Array ? 1 : 0)
  }

  #value(value: Parameter): void {
    if (value === null) {
      this.#int32(-1)
    } else if (typeof value === 'string') {
      const at = this.#end - this.#start
      this.#int32(0)
      const length = this.#text(value)
      this.#slab.writeInt32BE(length, this.#start + at)
    } else {
      this.#int32(value.length)
      this.#bytes(value)
    }
  }

  #cstring(text: string): void {
    this.#text(text)
    this.#reserve(1)
    this.#slab[this.#end++] = 0
  }

  #text(text: string): number {
    this.#reserve(text.length <= SHORT_TEXT ? text.length * 3 : Buffer.byteLength(text))
    if (text.length <= NAME_LENGTH && this.#ascii(text)) return text.length
    const length = this.#slab.write(text, this.#end)
    this.#end += length
    return length
  }

  /** For a name a call of the encoder costs more than the writing. Writes all of it or tells that it cannot. */
  #ascii(text: string): boolean {
    const slab = this.#slab
    let end = this.#end
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i)
      if (code > 127) return false
      slab[end++] = code
    }
    this.#end = end
    return true
  }

  #bytes(bytes: Uint8Array): void {
    this.#reserve(bytes.length)
    this.#slab.set(bytes, this.#end)
    this.#end += bytes.length
  }

  #int16(value: number): void {
    this.#reserve(2)
    this.#end = this.#slab.writeUInt16BE(value, this.#end)
  }

  #int32(value: number): void {
    this.#reserve(4)
    this.#end = this.#slab.writeInt32BE(value, this.#end)
  }

  /** Returns the frame's place relative to the start: the slab may move while the frame grows. */
  #open(code: number): number {
    this.#reserve(5)
    const frame = this.#end - this.#start
    this.#slab[this.#end] = code
    this.#end += 5
    return frame
  }

  #close(frame: number): void {
    const at = this.#start + frame
    this.#slab.writeInt32BE(this.#end - at - 1, at + 1)
  }

  #reserve(bytes: number): void {
    if (this.#slab.length - this.#end >= bytes) return
    const kept = this.#end - this.#start
    const slab = Buffer.allocUnsafe(kept + bytes + Math.max(SLAB_BYTES, kept >> 1))
    this.#slab.copy(slab, 0, this.#start, this.#end)
    this.#slab = slab
    this.#start = 0
    this.#end = kept
  }
}
