/**
 * Writes a `.caf`: entries in, one file out. It knows the order, the digests and the signature, and nothing of
 * Postgres. The file appears under its name whole or not at all.
 */
import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { DIGESTS, isComplete, orderStart, SIGNATURE, stepOrder } from '@cascata/shared/caf/format'
import type { Digests } from '@cascata/shared/caf/manifest'
import { sealAge } from './age/age.ts'
import type { SealFor } from './age/header.ts'
import { type Signer, signDigests } from './signing.ts'
import { type TarEntry, tarOf } from './tar.ts'
import { framesAtOnce, zstdFrames } from './zstd.ts'

export type WrittenFile = { bytes: number; sha256: string }

export type WriteArchive = {
  path: string
  sealFor: SealFor
  signer: Signer
  createdAt: Date
  signal?: AbortSignal | undefined
  /** Wraps the rename, for the crash matrix. */
  atRename?: ((doRename: () => Promise<void>) => Promise<void>) | undefined
}

/** Drains `entries` into the file, digests and signature behind them. On any failure no file remains. */
export async function writeArchive(
  options: WriteArchive,
  entries: AsyncIterable<TarEntry>,
): Promise<WrittenFile> {
  const partial = `${options.path}.partial`
  const hash = createHash('sha256')
  let bytes = 0
  try {
    await pipeline(
      tarOf(withSeal(entries, options.signer), options.createdAt),
      zstdFrames(framesAtOnce()),
      sealAge(options.sealFor),
      async function* (source: AsyncIterable<Buffer>) {
        for await (const piece of source) {
          hash.update(piece)
          bytes += piece.length
          yield piece
        }
      },
      createWriteStream(partial, { mode: 0o600 }),
      options.signal ? { signal: options.signal } : {},
    )
    await syncFile(partial)
    const doRename = () => rename(partial, options.path)
    await (options.atRename ? options.atRename(doRename) : doRename())
    await syncFile(dirname(options.path))
    return { bytes, sha256: hash.digest('hex') }
  } catch (error) {
    await rm(partial, { force: true })
    throw error
  }
}

export const jsonEntry = (name: string, value: unknown): TarEntry => ({
  name,
  content: [Buffer.from(`${JSON.stringify(value, null, 1)}\n`)],
})

/** Adds what vouches for the entries, and refuses a writer that forgets or misplaces one. */
async function* withSeal(entries: AsyncIterable<TarEntry>, signer: Signer): AsyncGenerator<TarEntry> {
  const digests: Digests = { format: 'cascata-caf/1', entries: [] }
  let order = orderStart
  const placed = (entry: TarEntry): TarEntry => {
    const step = stepOrder(order, entry.name)
    if (!step.ok) throw new Error(`${entry.name} may not stand here in an archive (${step.why})`)
    order = step.next
    return entry
  }
  for await (const entry of entries) {
    const hash = createHash('sha256')
    let bytes = 0
    for (const piece of entry.content) {
      hash.update(piece)
      bytes += piece.length
    }
    digests.entries.push({ name: entry.name, bytes, sha256: hash.digest('hex') })
    yield placed(entry)
  }
  const sealed = placed(jsonEntry(DIGESTS, digests))
  yield sealed
  yield placed(jsonEntry(SIGNATURE, signDigests(signer, Buffer.concat(sealed.content))))
  if (!isComplete(order)) throw new Error('An entry of the archive is missing')
}

/** A directory too: only then is the new name itself on disk. */
async function syncFile(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
