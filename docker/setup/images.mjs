/**
 * Builds the images whose inputs changed. An image carries the digest of what it was made from (its Dockerfile, the
 * files it copies, the ids of its bases) as a label, so that nothing has to be remembered beside the engine.
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { findImage } from '../base/base.mjs'
import { aptProxy } from './apt.mjs'
import { childEnv, config } from './config.mjs'
import { digest, digestFiles, listFiles } from './digest.mjs'
import { inputsOf } from './dockerfile.mjs'
import { attempt, pipe } from './process.mjs'

const NAMES = ['postgres', 'redis', 'edge', 'pooler', 'runtime', 'control']
const LABEL = 'dev.cascata.inputs'
const IDLE_TIMEOUT_MS = 10 * 60_000

const notInImages = (path) => /(^|\/)node_modules$/.test(path) && !path.startsWith('control/dist/')
const skip = (path) => notInImages(path) || /\.test\.(ts|mjs)$/.test(path)

export const imageTag = (name, tag = config.tag) => `cascata-${name}:${tag}`

/** Resolves to the names of the images that were built; empty when all were as they should be. */
export async function ensureImages(report, { names = NAMES, tag = config.tag } = {}) {
  const built = []
  for (const name of names) {
    const plan = await planImage(name)
    const present = await findImage(imageTag(name, tag))
    if (present?.labels[LABEL] === plan.inputs) continue
    await build(plan, imageTag(name, tag), (line) => report(`${name}: ${line}`))
    built.push(name)
  }
  return built
}

/** Removes images that lost their tag to a newer one; what a container still uses stays until the next time. */
export const pruneImages = () =>
  attempt(['docker', 'image', 'prune', '--force', '--filter', `label=${LABEL}`], { env: childEnv })

async function planImage(name) {
  const dockerfile = `docker/${name}/Dockerfile`
  const text = await readFile(join(config.root, dockerfile), 'utf8')
  const { images, paths } = inputsOf(text)
  const files = (await Promise.all(paths.map((path) => listFiles(config.root, path, skip)))).flat()
  for (const path of paths) {
    if (!files.some((file) => file === path || file.startsWith(`${path}/`))) {
      throw new Error(`${dockerfile} copies ${path}, which is not there.`)
    }
  }
  const bases = await Promise.all(images.map(async (image) => (await findImage(image))?.id ?? image))
  const all = [...new Set([dockerfile, ...files])].sort()
  return { dockerfile, files: all, inputs: digest([...bases, await digestFiles(config.root, all)]) }
}

/** Sends only the files it copies, with owners and modes that do not depend on who cloned the repository how. */
async function build({ dockerfile, files, inputs }, tag, report) {
  const proxy = Object.entries(await aptProxy()).flatMap(([name, value]) => [
    '--build-arg',
    `${name}=${value}`,
  ])
  await pipe(
    [
      'tar',
      '-C',
      config.root,
      '--owner=0',
      '--group=0',
      '--numeric-owner',
      '--mode=u=rwX,go=rX',
      '-cf',
      '-',
      '--',
      ...files,
    ],
    [
      'docker',
      'build',
      '--force-rm',
      '--label',
      `${LABEL}=${inputs}`,
      ...proxy,
      '-t',
      tag,
      '-f',
      dockerfile,
      '-',
    ],
    { env: childEnv, onLine: report, idleMs: IDLE_TIMEOUT_MS },
  )
}
