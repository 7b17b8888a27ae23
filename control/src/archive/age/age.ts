/** A whole age file as two async transforms: header and payload, for `stream.pipeline`. */
import { CAF_LIMITS } from '@cascata/shared/caf/limits'
import { ArchiveDamaged, ArchiveForeign, ArchiveTruncated } from '@cascata/shared/problems/archive'
import { AGE_MAGIC, headerLength, type OpenWith, openHeader, type SealFor, sealHeader } from './header.ts'
import { openPayload, sealPayload } from './payload.ts'

export const sealAge = (sealFor: SealFor) =>
  async function* (source: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
    const { header, fileKey } = await sealHeader(sealFor)
    yield header
    yield* sealPayload(source, fileKey)
  }

export const openAge = (openWith: OpenWith) =>
  async function* (source: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
    const { header, rest } = await readHeader(source[Symbol.asyncIterator]())
    yield* openPayload(rest, await openHeader(header, openWith))
  }

async function readHeader(
  source: AsyncIterator<Uint8Array>,
): Promise<{ header: Buffer; rest: AsyncIterable<Uint8Array> }> {
  let start = Buffer.alloc(0)
  for (;;) {
    const length = headerLength(start)
    if (length !== undefined) {
      refuseForeign(start)
      return { header: start.subarray(0, length), rest: chain(start.subarray(length), source) }
    }
    if (start.length > CAF_LIMITS.headerBytesMax) {
      refuseForeign(start)
      throw ArchiveDamaged('its age header has no end')
    }
    const { done, value } = await source.next()
    if (done) {
      refuseForeign(start)
      throw ArchiveTruncated('inside its header')
    }
    start = Buffer.concat([start, value])
  }
}

/** What is there so far must be the beginning of an age file; nothing at all is a file cut at zero. */
function refuseForeign(start: Buffer): void {
  const seen = Math.min(start.length, AGE_MAGIC.length)
  if (!start.subarray(0, seen).equals(AGE_MAGIC.subarray(0, seen)))
    throw ArchiveForeign('it does not begin as an age file does')
}

async function* chain(first: Buffer, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield first
  for (;;) {
    const { done, value } = await rest.next()
    if (done) return
    yield value
  }
}
