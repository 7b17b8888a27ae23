/** What both commands need first: tools, packages, build, engine, images. Each step looks before it acts. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ensureBases } from '../base/base.mjs'
import { childEnv, config } from './config.mjs'
import { digestFiles, listFiles } from './digest.mjs'
import { ensureEngine } from './engine.mjs'
import { ensureImages } from './images.mjs'
import { takeLock } from './lock.mjs'
import { run } from './process.mjs'
import { ensureTools } from './tools.mjs'

const INSTALL_TIMEOUT_MS = 20 * 60_000

export async function prepare(steps) {
  const release = await takeLock((text) => steps.say(text))
  try {
    await steps.run('tools', ensureTools)
    await steps.run('packages', installPackages)
    await steps.run('build', buildPackages)
    await steps.run('engine', (report) => ensureEngine(report))
    await steps.run('base images', (report) => ensureBases({ report }))
    await steps.run('images', async (report) => {
      const built = await ensureImages(report)
      return built.length > 0 && built.join(', ')
    })
  } finally {
    release()
  }
}

/** The lockfile that pnpm laid down beside the packages says whether anything was to do. */
async function installPackages(report) {
  const laid = () => readFile(join(config.root, 'node_modules/.pnpm/lock.yaml'), 'utf8').catch(() => '')
  const before = await laid()
  const install = ['pnpm', 'install', '--frozen-lockfile', '--prefer-offline', '--reporter=append-only']
  await run(install, { cwd: config.root, env: childEnv, onLine: report, timeoutMs: INSTALL_TIMEOUT_MS })
  return before !== (await laid())
}

async function buildPackages(report) {
  const before = await builtDigest()
  await run(['pnpm', 'run', 'build'], {
    cwd: config.root,
    env: childEnv,
    onLine: report,
    timeoutMs: INSTALL_TIMEOUT_MS,
  })
  return before !== (await builtDigest())
}

async function builtDigest() {
  const lists = await Promise.all(
    ['control/dist', 'runtime/dist'].map((path) => listFiles(config.root, path)),
  )
  return digestFiles(config.root, lists.flat())
}
