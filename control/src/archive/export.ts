/** A project into one file: one snapshot, streamed from Postgres to the disk with bounded memory and no copy on the way. */
import { KEYS, MANIFEST, PART_BYTES, PROJECT, partName, ROLES } from '@cascata/shared/caf/format'
import type { KeysEntry, Manifest, ProjectEntry } from '@cascata/shared/caf/manifest'
import { Problem } from '@cascata/shared/problem'
import { ArchiveNotWritten } from '@cascata/shared/problems/archive'
import type { SealFor } from './age/header.ts'
import { type Cluster, connectionArguments, type Program, run } from './cluster.ts'
import type { Signer } from './signing.ts'
import { type Snapshot, withSnapshot } from './snapshot.ts'
import type { TarEntry } from './tar.ts'
import { jsonEntry, type WriteArchive, type WrittenFile, writeArchive } from './writer.ts'

export type ExportProject = {
  cluster: Cluster
  path: string
  sealFor: SealFor
  signer: Signer
  /** Who it is and where it comes from. */
  origin: Pick<Manifest, 'cascata' | 'instance' | 'project'>
  project: ProjectEntry
  keys: KeysEntry
  now: Date
  /** Bytes of the dump so far, and how many are expected (a guess: the database's size on disk). */
  onProgress?: ((bytes: number, expected: number) => void) | undefined
  signal?: AbortSignal | undefined
  atRename?: WriteArchive['atRename']
}

export type Exported = WrittenFile & { manifest: Manifest; databaseBytes: number }

const DATABASE = 'postgres'
/** Someone's ALTER TABLE may hold a lock; waiting for ever would hold the snapshot for ever. */
const LOCK_WAIT = '60s'

export async function exportProject(options: ExportProject): Promise<Exported> {
  try {
    return await withSnapshot(options.cluster, DATABASE, (snapshot) => write(options, snapshot))
  } catch (error) {
    if (error instanceof Problem || options.signal?.aborted) throw error
    throw ArchiveNotWritten('the database could not be read or the file not written').because(error)
  }
}

async function write(options: ExportProject, snapshot: Snapshot): Promise<Exported> {
  const manifest = manifestOf(options, snapshot)
  const dump = run(options.cluster.tools.dump, [
    ...connectionArguments(options.cluster),
    `--snapshot=${snapshot.id}`,
    '--format=custom',
    '--compress=none',
    `--lock-wait-timeout=${LOCK_WAIT}`,
    DATABASE,
  ])
  let databaseBytes = 0
  const onDump = (bytes: number) => {
    databaseBytes += bytes
    options.onProgress?.(databaseBytes, snapshot.databaseBytes)
  }
  try {
    const entries = entriesOf({ manifest, roles: snapshot.roles, dump, onDump }, options)
    const { path, sealFor, signer, signal, atRename } = options
    const target = { path, sealFor, signer, signal, atRename, createdAt: options.now }
    return { ...(await writeArchive(target, entries)), manifest, databaseBytes }
  } finally {
    dump.kill()
  }
}

const manifestOf = ({ origin, now }: ExportProject, snapshot: Snapshot): Manifest => ({
  format: 'cascata-caf',
  version: 1,
  created_at: now.toISOString(),
  ...origin,
  postgres: snapshot.postgres,
  database: snapshot.database,
  extensions: snapshot.extensions,
  tables: snapshot.tables,
  roles: snapshot.roles.custom.map(({ name }) => name),
  settings: {
    databases: snapshot.roles.settings.filter(({ role }) => role === null).length,
    roles: snapshot.roles.settings.filter(({ role }) => role !== null).length,
  },
  keys: 'included',
})

type Parts = { manifest: Manifest; roles: Snapshot['roles']; dump: Program; onDump: (bytes: number) => void }

async function* entriesOf(
  { manifest, roles, dump, onDump }: Parts,
  options: ExportProject,
): AsyncGenerator<TarEntry> {
  yield jsonEntry(MANIFEST, manifest)
  yield jsonEntry(ROLES, roles)
  yield* dumpParts(dump, onDump)
  yield jsonEntry(PROJECT, options.project)
  yield jsonEntry(KEYS, options.keys)
}

/** Cuts the dump into parts as it comes; a tar entry must know its length before its first byte. */
async function* dumpParts(
  { stdout, ended }: Program,
  onDump: (bytes: number) => void,
): AsyncGenerator<TarEntry> {
  let content: Buffer[] = []
  let left = PART_BYTES
  let index = 0
  for await (const chunk of stdout as AsyncIterable<Buffer>) {
    onDump(chunk.length)
    for (let rest = chunk; rest.length > 0; ) {
      const piece = rest.subarray(0, left)
      rest = rest.subarray(piece.length)
      content.push(piece)
      left -= piece.length
      if (left > 0) continue
      yield { name: partName(index++), content }
      content = []
      left = PART_BYTES
    }
  }
  if (content.length > 0) yield { name: partName(index), content }
  await ended
}
