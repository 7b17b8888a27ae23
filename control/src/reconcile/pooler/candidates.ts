/** The pooler's configurations on disk: `pooler/candidate-<n>/`, and the link to the one in use. */
import { join } from 'node:path'
import { z } from 'zod'
import type { Files } from '../../adapters/files.ts'
import { type Paths, POOLER_UID } from '../../paths.ts'
import type { RenderedPooler } from '../../pooler/render.ts'
import { type Candidate, candidateNumber } from '../edge/plan.ts'

const Manifest = z.object({ digest: z.string() })
const MANIFEST = 'manifest.json'

export const CURRENT = 'current'

export async function listCandidates(files: Files, paths: Paths): Promise<Candidate[]> {
  const names = (await files.list(paths.pooler)).filter((name) => !Number.isNaN(candidateNumber(name)))
  const sorted = names.toSorted((a, b) => candidateNumber(a) - candidateNumber(b))
  return Promise.all(
    sorted.map(async (name) => {
      const text = await files.read(join(paths.pooler, name, MANIFEST))
      return { name, digest: text === null ? null : Manifest.parse(JSON.parse(text)).digest }
    }),
  )
}

/** The manifest is written last: a candidate without one is half of one. */
export async function writeCandidate(
  files: Files,
  paths: Paths,
  { name, rendered }: { name: string; rendered: RenderedPooler },
): Promise<void> {
  const path = join(paths.pooler, name)
  const readable = { uid: 0, gid: POOLER_UID, mode: 0o640 }
  await files.ensureDirectory({ path, uid: 0, gid: POOLER_UID, mode: 0o750 })
  for (const [file, text] of Object.entries(rendered.files))
    await files.write(join(path, file), text, readable)
  await files.write(join(path, MANIFEST), JSON.stringify({ digest: rendered.digest }), readable)
}
