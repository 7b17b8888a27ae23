/** Reads all of an archive and restores nothing. Works without a server for whoever holds a key. */
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { Readable } from 'node:stream'
import type { OpenWith } from './age/header.ts'
import { type ArchiveRead, readArchive } from './reader.ts'

/** What a person wants to know of an archive; kept with the backup and printed by the CLI. */
export type ArchiveSummary = {
  format: string
  created_at: string
  cascata: string
  project: { id: string; ref: string; name: string }
  postgres: string
  extensions: { name: string; version: string }[]
  tables: number
  rows: number
  database_bytes: number
  entries: number
  content_sha256: string
  signed_by: string
  bytes: number
  sha256: string
}

export const summaryOf = (read: ArchiveRead): ArchiveSummary => ({
  format: `${read.manifest.format}/${read.manifest.version}`,
  created_at: read.manifest.created_at,
  cascata: read.manifest.cascata,
  project: {
    id: read.manifest.project.id,
    ref: read.manifest.project.ref,
    name: read.manifest.project.name,
  },
  postgres: read.manifest.postgres.version,
  extensions: read.manifest.extensions.map(({ name, version }) => ({ name, version })),
  tables: read.manifest.tables.length,
  rows: read.manifest.tables.reduce((all, { rows }) => all + rows, 0),
  database_bytes: read.databaseBytes,
  entries: read.entries,
  content_sha256: read.contentSha256,
  signed_by: read.signedBy,
  bytes: read.bytes,
  sha256: read.sha256,
})

export type VerifyArchive = OpenWith & {
  path: string
  /** 0 to 1. */
  onProgress?: ((done: number) => void) | undefined
  plainBytesMax?: number | undefined
  signal?: AbortSignal | undefined
}

export const FILE_CHUNK_BYTES = 1024 * 1024

export async function verifyFile(options: VerifyArchive): Promise<ArchiveRead> {
  const { size } = await stat(options.path)
  return readArchive({
    source: createReadStream(options.path, { highWaterMark: FILE_CHUNK_BYTES }),
    openWith: options,
    onBytes: (bytes) => options.onProgress?.(size === 0 ? 1 : bytes / size),
    plainBytesMax: options.plainBytesMax,
    signal: options.signal,
  })
}

export const verifyArchive = async (options: VerifyArchive): Promise<ArchiveSummary> =>
  summaryOf(await verifyFile(options))

/** The same for bytes that arrive, e.g. a request's body: nothing is stored. */
export async function verifyStream(
  body: AsyncIterable<Uint8Array>,
  options: OpenWith & { signal?: AbortSignal },
): Promise<ArchiveSummary> {
  const source = Readable.from(body, { objectMode: false })
  return summaryOf(await readArchive({ source, openWith: options, signal: options.signal }))
}
