/** Streams a body into a file: whole under its final name, or not there at all. */
import { createWriteStream } from 'node:fs'
import { mkdir, open, rename, rm, statfs } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ReadableStream } from 'node:stream/web'
import { DiskFull, UploadIncomplete, UploadTooLarge } from '@cascata/shared/problems/backups'

export type Upload = {
  body: ReadableStream<Uint8Array>
  /** `Content-Length`, when the sender told. */
  announced: number | undefined
  bytesMax: number
  /** Must stay free on the disk. */
  reserveBytes: number
}

const CHECK_EVERY_BYTES = 64 * 1024 * 1024

async function assertRoom(directory: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(directory)
  if (bavail * bsize < bytes) throw DiskFull(bytes)
}

/** Lets bytes through while they are few enough and the disk has room. */
function meter(directory: string, upload: Upload) {
  let bytes = 0
  let checkedAt = 0
  const stream = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length
      if (bytes > upload.bytesMax) return done(UploadTooLarge(upload.bytesMax))
      if (bytes - checkedAt < CHECK_EVERY_BYTES) return done(null, chunk)
      checkedAt = bytes
      assertRoom(directory, upload.reserveBytes).then(() => done(null, chunk), done)
    },
  })
  return { stream, bytes: () => bytes }
}

/** Writes the file (0600), synced; returns its size. */
export async function receiveFile(path: string, upload: Upload): Promise<number> {
  const directory = dirname(path)
  await mkdir(directory, { recursive: true, mode: 0o700 })
  if ((upload.announced ?? 0) > upload.bytesMax) throw UploadTooLarge(upload.bytesMax)
  await assertRoom(directory, (upload.announced ?? 0) + upload.reserveBytes)
  const part = `${path}.part`
  const metered = meter(directory, upload)
  try {
    await pipeline(
      Readable.fromWeb(upload.body),
      metered.stream,
      createWriteStream(part, { flags: 'w', mode: 0o600, flush: true }),
    )
    if (upload.announced !== undefined && metered.bytes() !== upload.announced) throw UploadIncomplete()
    await rename(part, path)
  } catch (error) {
    await rm(part, { force: true })
    throw asProblem(error, upload)
  }
  const handle = await open(directory, 'r')
  await handle.sync().finally(() => handle.close())
  return metered.bytes()
}

function asProblem(error: unknown, upload: Upload): unknown {
  const code = (error as NodeJS.ErrnoException).code
  if (code === 'ENOSPC' || code === 'EDQUOT') return DiskFull(upload.reserveBytes).because(error)
  // The sender hung up.
  if (code === 'ERR_STREAM_PREMATURE_CLOSE' || code === 'ECONNRESET' || code === 'ABORT_ERR') {
    return UploadIncomplete().because(error)
  }
  return error
}
