/**
 * Reads a `.caf` strictly: age, zstd and tar undone, each entry in its turn, of the digest and by the signature it
 * should have, and nothing besides. Memory stays bounded whatever the file claims.
 *
 * The database reaches `onDatabase` before the signature at the end is read (age has authenticated it by then, but
 * anybody can seal for a public key): act on it for good only after `readArchive` has returned.
 */
import { createHash, type Hash } from 'node:crypto'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { CAF_LIMITS } from '@cascata/shared/caf/limits'
import { ArchiveDamaged, ArchiveForeign, ArchiveTooLarge } from '@cascata/shared/problems/archive'
import { openAge } from './age/age.ts'
import type { OpenWith } from './age/header.ts'
import { type ArchiveContents, Contents } from './contents.ts'
import { Broken } from './input.ts'
import { type TarVisitor, walkTar } from './tar.ts'
import { framesAtOnce, unzstdFrames } from './zstd.ts'

export type ReadArchive = {
  source: Readable
  openWith: OpenWith
  /** Bytes of the file read so far. */
  onBytes?: ((bytes: number) => void) | undefined
  /** Called with each piece of the database's dump, in order; reading waits for it. */
  onDatabase?: ((piece: Buffer) => Promise<void> | void) | undefined
  /** Unpacked bytes allowed in all, e.g. the free disk space. */
  plainBytesMax?: number | undefined
  signal?: AbortSignal | undefined
}

export type ArchiveRead = ArchiveContents & { bytes: number; sha256: string }

/** `onDatabase`'s own failure, kept apart from what the layers below report. */
class VisitorFailed extends Error {}

export async function readArchive(options: ReadArchive): Promise<ArchiveRead> {
  const contents = new Contents()
  const hash = createHash('sha256')
  let packedBytes = 0
  let plainBytes = 0
  try {
    await pipeline(
      options.source,
      async function* (source: AsyncIterable<Buffer>) {
        for await (const piece of source) {
          hash.update(piece)
          packedBytes += piece.length
          options.onBytes?.(packedBytes)
          yield piece
        }
      },
      openAge(options.openWith),
      unzstdFrames(framesAtOnce()),
      async function* (source: AsyncIterable<Buffer>) {
        for await (const piece of source) {
          plainBytes += piece.length
          refuseBomb(packedBytes, plainBytes, options.plainBytesMax)
          yield piece
        }
      },
      (source: AsyncIterable<Buffer>) => walkTar(source, visitorOf(contents, options.onDatabase)),
      options.signal ? { signal: options.signal } : {},
    )
    return { ...contents.finish(), bytes: packedBytes, sha256: hash.digest('hex') }
  } catch (error) {
    throw translate(error, contents.hasManifest)
  }
}

function visitorOf(contents: Contents, onDatabase: ReadArchive['onDatabase']): TarVisitor {
  let hash: Hash
  let kept: Buffer[] = []
  let inDatabase = false
  return {
    begin(name, bytes) {
      inDatabase = contents.begin(name, bytes) === 'database'
      hash = createHash('sha256')
      kept = []
    },
    async piece(piece) {
      hash.update(piece)
      if (!inDatabase) kept.push(piece)
      else
        try {
          await onDatabase?.(piece)
        } catch (error) {
          throw new VisitorFailed('onDatabase gave up', { cause: error })
        }
    },
    end() {
      contents.end(hash.digest('hex'), Buffer.concat(kept))
    },
  }
}

function refuseBomb(packedBytes: number, plainBytes: number, plainBytesMax: number | undefined): void {
  const bytesMax = Math.min(plainBytesMax ?? CAF_LIMITS.plainBytesMax, CAF_LIMITS.plainBytesMax)
  if (plainBytes > bytesMax) throw ArchiveTooLarge(`it unpacks to more than ${bytesMax} bytes`)
  if (plainBytes - CAF_LIMITS.ratioFreeBytes > packedBytes * CAF_LIMITS.ratioMax)
    throw ArchiveTooLarge(`it unpacks to more than ${CAF_LIMITS.ratioMax} times its size`)
}

/** What zstd and tar complain of is a file that is no archive, or one no longer whole. The rest is as it was thrown. */
function translate(error: unknown, hasManifest: boolean): unknown {
  if (error instanceof VisitorFailed) return error.cause
  if (!(error instanceof Broken)) return error
  return hasManifest
    ? ArchiveDamaged(error.message).because(error)
    : ArchiveForeign('it opens, but what is inside is no archive').because(error)
}
