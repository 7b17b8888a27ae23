/**
 * The age v1 payload as a stream on node:crypto (https://age-encryption.org/v1, "Payload"): 64 KiB chunks of
 * ChaCha20-Poly1305 under HKDF(file key, nonce), each with a counter and a flag on the last one. The library's own
 * takes several times as long and, in one piece, all of the file as memory (performance.md).
 */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'
import { ArchiveDamaged, ArchiveTruncated } from '@cascata/shared/problems/archive'

export const CHUNK_BYTES = 64 * 1024
export const NONCE_BYTES = 16
const TAG_BYTES = 16
const SEALED_BYTES = CHUNK_BYTES + TAG_BYTES

const payloadKey = (fileKey: Uint8Array, nonce: Uint8Array): Buffer =>
  Buffer.from(hkdfSync('sha256', fileKey, nonce, 'payload', 32))

/** 11 bytes big-endian counter, one byte flag. A counter of 2^48 chunks is 2^64 bytes: no file gets there. */
function chunkNonce(counter: number, last: boolean): Buffer {
  const nonce = Buffer.alloc(12)
  nonce.writeUIntBE(counter, 5, 6)
  nonce[11] = last ? 1 : 0
  return nonce
}

/** Gathers pieces of any size and gives exactly as many bytes as asked. */
class Gathered {
  #pieces: Uint8Array[] = []
  #length = 0
  get length(): number {
    return this.#length
  }
  add(piece: Uint8Array): void {
    if (piece.length === 0) return
    this.#pieces.push(piece)
    this.#length += piece.length
  }
  /** Copies only where a border falls inside the first piece. */
  take(bytes: number): Buffer {
    const all = this.#pieces.length === 1 ? asBuffer(this.#pieces[0]) : Buffer.concat(this.#pieces)
    const rest = all.subarray(bytes)
    this.#pieces = rest.length === 0 ? [] : [rest]
    this.#length = rest.length
    return all.subarray(0, bytes)
  }
}

const asBuffer = (piece: Uint8Array | undefined): Buffer =>
  piece === undefined ? Buffer.alloc(0) : Buffer.from(piece.buffer, piece.byteOffset, piece.length)

function sealChunk(key: Buffer, nonce: Buffer, chunk: Buffer): Buffer[] {
  const cipher = createCipheriv('chacha20-poly1305', key, nonce, { authTagLength: TAG_BYTES })
  const body = cipher.update(chunk)
  cipher.final()
  return [body, cipher.getAuthTag()]
}

/** Undefined when it is not authentic: nothing unauthenticated ever leaves this file. */
function openChunk(key: Buffer, nonce: Buffer, sealed: Buffer): Buffer | undefined {
  if (sealed.length < TAG_BYTES) return undefined
  const decipher = createDecipheriv('chacha20-poly1305', key, nonce, { authTagLength: TAG_BYTES })
  decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES))
  const body = decipher.update(sealed.subarray(0, sealed.length - TAG_BYTES))
  try {
    decipher.final()
    return body
  } catch {
    return undefined
  }
}

/** Nonce and chunks for the plain bytes of `source`; what follows the header. */
export async function* sealPayload(
  source: AsyncIterable<Uint8Array>,
  fileKey: Uint8Array,
): AsyncGenerator<Buffer> {
  const nonce = randomBytes(NONCE_BYTES)
  const key = payloadKey(fileKey, nonce)
  const gathered = new Gathered()
  let counter = 0
  yield nonce
  for await (const piece of source) {
    gathered.add(piece)
    // One chunk stays behind: only the end of the source says whether it is the last.
    const whole = Math.ceil(gathered.length / CHUNK_BYTES) - 1
    if (whole < 1) continue
    const plain = gathered.take(whole * CHUNK_BYTES)
    const out: Buffer[] = []
    for (let at = 0; at < plain.length; at += CHUNK_BYTES)
      out.push(...sealChunk(key, chunkNonce(counter++, false), plain.subarray(at, at + CHUNK_BYTES)))
    yield Buffer.concat(out)
  }
  yield Buffer.concat(sealChunk(key, chunkNonce(counter, true), gathered.take(gathered.length)))
}

/** The plain bytes of what `sealPayload` wrote, or a problem at the first chunk that is not as written. */
export async function* openPayload(
  source: AsyncIterable<Uint8Array>,
  fileKey: Uint8Array,
): AsyncGenerator<Buffer> {
  const gathered = new Gathered()
  let key: Buffer | undefined
  let counter = 0
  for await (const piece of source) {
    gathered.add(piece)
    if (key === undefined) {
      if (gathered.length < NONCE_BYTES) continue
      key = payloadKey(fileKey, gathered.take(NONCE_BYTES))
    }
    const whole = Math.ceil(gathered.length / SEALED_BYTES) - 1
    if (whole < 1) continue
    const sealed = gathered.take(whole * SEALED_BYTES)
    const out: Buffer[] = []
    for (let at = 0; at < sealed.length; at += SEALED_BYTES) {
      const plain = openChunk(key, chunkNonce(counter, false), sealed.subarray(at, at + SEALED_BYTES))
      if (!plain) throw ArchiveDamaged(`block ${counter} of its encrypted content was changed`)
      out.push(plain)
      counter += 1
    }
    yield Buffer.concat(out)
  }
  if (key === undefined) throw ArchiveTruncated('right after its header')
  yield openLast(key, counter, gathered.take(gathered.length))
}

function openLast(key: Buffer, counter: number, sealed: Buffer): Buffer {
  const plain = openChunk(key, chunkNonce(counter, true), sealed)
  // An empty last chunk is only right for an empty file: otherwise two files would hold the same content.
  if (plain && (plain.length > 0 || counter === 0)) return plain
  throw ArchiveTruncated(`block ${counter} is not a closing one`)
}
