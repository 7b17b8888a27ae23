/** What can be known to be wrong before anything is stopped. */
import { join } from 'node:path'
import { ProjectGone } from '@cascata/shared/problems/archive'
import { ImageMissing } from '@cascata/shared/problems/engine'
import { PostgresMajorDiffers } from '@cascata/shared/problems/upgrade'
import type { Image } from '../../engine/engine.ts'
import { imageName } from '../../engine/spec.ts'
import type { Upgrade } from './upgrade.ts'

export async function checkUpgrade({ run, ref, from, to, place }: Upgrade): Promise<void> {
  const { engine, files, site, snapshots } = run.deps.upgrade
  const row = await run.deps.store.projects.find(ref)
  if (!row || row.desired === 'deleted') throw ProjectGone(ref)
  // The old ones too: without them there is no way back.
  const find = async (name: string): Promise<Image> => {
    const found = await engine.findImage(name)
    if (!found) throw ImageMissing(name)
    return found
  }
  const needed = [to, from].flatMap((tag) => ['postgres', 'runtime'].map((name) => imageName(name, tag)))
  const [image] = await Promise.all(needed.map(find))
  const { dbFiles } = site.paths.project(ref)
  const needs = (await files.read(join(dbFiles, 'data', 'PG_VERSION')))?.trim()
  const has = image && majorOf(image)
  if (needs !== undefined && has !== needs)
    throw PostgresMajorDiffers(to, has ?? 'of no known version', needs)
  await snapshots.assertRoom(dbFiles, place)
}

const MAJOR_LABEL = 'dev.cascata.postgres'

/** By its label; an image from before there was one shows it in the path of its programs. */
export const majorOf = ({ labels, env }: Image): string | undefined =>
  labels[MAJOR_LABEL] ?? /^PATH=(?:.*:)?\/usr\/lib\/postgresql\/(\d+)\/bin(?::|$)/m.exec(env.join('\n'))?.[1]
