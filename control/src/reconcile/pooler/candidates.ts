/** The pooler's configurations on disk: `pooler/candidate-<n>/`, and the link to the one in use. */
import { join } from 'node:path'
import { z } from 'zod'
import type { Files } from '../../adapters/files.ts'
import { type Paths, POOLER_UID } from '../../paths.ts'
import { type RenderedPooler, USERS_FILE } from '../../pooler/render.ts'
import { type Candidate, candidateNumber } from '../edge/plan.ts'
import { saidIn } from '../written.ts'

const Manifest = z.object({ digest: z.string(), expel: z.array(z.string()).default([]) })
const MANIFEST = 'manifest.json'

export const CURRENT = 'current'

export async function listCandidates(files: Files, paths: Paths): Promise<Candidate[]> {
  const names = (await files.list(paths.pooler)).filter((name) => !Number.isNaN(candidateNumber(name)))
  const sorted = names.toSorted((a, b) => candidateNumber(a) - candidateNumber(b))
  return Promise.all(
    sorted.map(async (name) => {
      const manifest = saidIn(Manifest, await files.read(join(paths.pooler, name, MANIFEST)))
      return { name, digest: manifest?.digest ?? null }
    }),
  )
}

/** Whom the one in use lets in, and whom it has still to put out. */
export async function readUsers(
  files: Files,
  { pooler }: Paths,
): Promise<{ users: string; expel: readonly string[] }> {
  const [users, manifest] = await Promise.all([
    files.read(join(pooler, CURRENT, USERS_FILE)),
    files.read(join(pooler, CURRENT, MANIFEST)),
  ])
  return { users: users ?? '', expel: saidIn(Manifest, manifest)?.expel ?? [] }
}

type Written = { name: string; rendered: RenderedPooler; expel: readonly string[] }
const READABLE = { uid: 0, gid: POOLER_UID, mode: 0o640 }

/** The manifest is written last: a candidate without one is half of one. */
export async function writeCandidate(files: Files, paths: Paths, written: Written): Promise<void> {
  const path = join(paths.pooler, written.name)
  await files.ensureDirectory({ path, uid: 0, gid: POOLER_UID, mode: 0o750 })
  for (const [file, text] of Object.entries(written.rendered.files))
    await files.write(join(path, file), text, READABLE)
  await writeManifest(files, paths, written)
}

export function writeManifest(
  files: Files,
  { pooler }: Paths,
  { name, rendered, expel }: Written,
): Promise<void> {
  const text = JSON.stringify({ digest: rendered.digest, expel })
  return files.write(join(pooler, name, MANIFEST), text, READABLE)
}
