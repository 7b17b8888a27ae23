/** The configurations on disk: `edge/candidate-<n>/` with nginx's text and what it serves, and the link to the one in use. */
import { join } from 'node:path'
import { z } from 'zod'
import type { Files } from '../../adapters/files.ts'
import { digestIn, type Rendered } from '../../edge/render.ts'
import type { Routes } from '../../edge/site.ts'
import { EDGE_UID, type Paths } from '../../paths.ts'
import type { Served } from '../projects/observe.ts'
import { mayRead, saidIn } from '../written.ts'
import { type Candidate, candidateNumber } from './plan.ts'

/** A control before replicas wrote one slot for each: it must not stop the next one. */
const Slots = z.union([z.array(z.int()), z.int().transform((slot) => [slot])])
const Manifest = z.object({ digest: z.string(), routes: z.record(z.string(), Slots) })
type Manifest = z.output<typeof Manifest>

export const CURRENT = 'current'

/** Far more than any of ours. */
const TEXT_BYTES_MAX = 256 * 1024 * 1024

export async function listCandidates(files: Files, paths: Paths): Promise<Candidate[]> {
  const names = (await files.list(paths.edge)).filter((name) => !Number.isNaN(candidateNumber(name)))
  const sorted = names.toSorted((a, b) => candidateNumber(a) - candidateNumber(b))
  return Promise.all(
    sorted.map(async (name) => ({ name, digest: (await readManifest(files, paths, name))?.digest ?? null })),
  )
}

/** The manifest is written last: a candidate without one is half of one. */
export async function writeCandidate(
  files: Files,
  paths: Paths,
  { name, rendered, routes }: { name: string; rendered: Rendered; routes: Routes },
): Promise<void> {
  const path = join(paths.edge, name)
  const readable = { uid: 0, gid: EDGE_UID, mode: 0o640 }
  await files.ensureDirectory({ path, uid: 0, gid: EDGE_UID, mode: 0o750 })
  await files.write(join(path, 'nginx.conf'), rendered.text, readable)
  const manifest = { digest: rendered.digest, routes }
  await files.write(join(path, 'manifest.json'), JSON.stringify(manifest), readable)
}

/** What the nginx that serves `digest` sends where; null when no candidate is that one. */
export async function servedBy(files: Files, paths: Paths, digest: string | null): Promise<Served> {
  if (digest === null) return null
  const found = (await listCandidates(files, paths)).findLast((candidate) => candidate.digest === digest)
  const manifest = found && (await readManifest(files, paths, found.name))
  if (!manifest) return null
  return new Map(Object.entries(manifest.routes).map(([ref, slots]) => [ref, new Set(slots)]))
}

const readManifest = async (files: Files, paths: Paths, name: string): Promise<Manifest | null> =>
  saidIn(Manifest, await files.read(join(paths.edge, name, 'manifest.json')))

/** nginx's text of this one; null when it is not as it was written, or nginx may not read it. */
export async function readText(
  files: Files,
  paths: Paths,
  { name, digest }: Candidate,
): Promise<string | null> {
  const found = await files.look(join(paths.edge, name, 'nginx.conf'), TEXT_BYTES_MAX)
  if (found === null || found.text === null || !mayRead(found, EDGE_UID)) return null
  return digestIn(found.text) === digest ? found.text : null
}
