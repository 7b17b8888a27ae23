/**
 * Provides the two base images: pulled where a registry answers, else made on this machine.
 *
 *     node docker/base/base.mjs [--refresh]
 *
 * A tag that is there is kept, whoever made it, unless an older recipe of ours did. `--refresh` pulls or makes it
 * anew, for security updates.
 */
import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { childEnv, config } from '../setup/config.mjs'
import { digest } from '../setup/digest.mjs'
import { attempt, pipe } from '../setup/process.mjs'
import { NODE_VERSION, nodeBinary } from '../setup/tools.mjs'
import { makeDebian, RECIPE } from './debian.mjs'

export const DEBIAN = 'debian:trixie-slim'
export const NODE = 'node:24-trixie-slim'

const docker = ['docker']

/** `{id, labels}` of an image on this engine, undefined when it has none of that tag. */
export async function findImage(tag) {
  const found = await attempt(['docker', 'image', 'inspect', tag], { env: childEnv })
  if (!found) return undefined
  const [image] = JSON.parse(found.stdout)
  return { id: image.Id, labels: image.Config?.Labels ?? {} }
}

/** Makes sure of both tags. Resolves to whether anything was made; `tags` lets the making be tried beside others. */
export async function ensureBases({
  refresh = false,
  tags = { debian: DEBIAN, node: NODE },
  report = () => {},
} = {}) {
  const debian = await ensureDebian(tags.debian, { refresh, report })
  const node = await ensureNode(tags, { refresh, report })
  return debian || node
}

async function ensureDebian(tag, { refresh, report }) {
  const present = await findImage(tag)
  const ours = present?.labels['dev.cascata.base']
  if (present && !refresh && (ours === undefined || ours === RECIPE)) return false
  if (await pulled(tag, report)) return true
  await makeDebian(tag, { docker, report })
  return true
}

async function ensureNode(tags, { refresh, report }) {
  const base = await findImage(tags.debian)
  const dockerfile = await readFile(new URL('Dockerfile', import.meta.url), 'utf8')
  const inputs = digest([base?.id ?? '', NODE_VERSION, dockerfile])
  const present = await findImage(tags.node)
  const ours = present?.labels['dev.cascata.inputs']
  if (present && !refresh && (ours === undefined || ours === inputs)) return false
  if (await pulled(tags.node, report)) return true
  report(`making ${tags.node}`)
  await makeNode(tags, dockerfile, inputs)
  return true
}

async function makeNode(tags, dockerfile, inputs) {
  const work = join(config.state, 'node-base')
  await rm(work, { recursive: true, force: true })
  await mkdir(work, { recursive: true })
  try {
    await copyFile(nodeBinary(), join(work, 'node'))
    await writeFile(join(work, 'Dockerfile'), dockerfile.replace(DEBIAN, tags.debian))
    await pipe(
      ['tar', '-C', work, '--owner=0', '--group=0', '--mode=u=rwX,go=rX', '-cf', '-', '.'],
      ['docker', 'build', '--label', `dev.cascata.inputs=${inputs}`, '-t', tags.node, '-'],
      { env: childEnv },
    )
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

/** A registry that does not answer at once is none: the machine may have no way out. */
async function pulled(tag, report) {
  report(`pulling ${tag}`)
  const answer = await attempt(['docker', 'pull', tag], {
    env: childEnv,
    idleMs: 20_000,
    timeoutMs: 15 * 60_000,
  })
  return answer !== undefined
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const report = (text) => process.stdout.write(`${text}\n`)
  const made = await ensureBases({ refresh: process.argv.includes('--refresh'), report })
  report(made ? 'base images are ready' : 'base images were already there')
}
