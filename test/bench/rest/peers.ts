/**
 * Brings the peers of the bench from npm, in the versions of their lock file, into a folder outside the checkout:
 * they are hundreds of packages, and nothing of ours needs them. The folder is kept for the next run.
 */
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { cp, readdir, readFile, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { testConfig } from '../../harness/config.ts'
import { output } from '../../harness/run.ts'

const SOURCE = fileURLToPath(new URL('../peers', import.meta.url))
const INSTALL_MS_MAX = 10 * 60_000

/** @returns the folder with the peers' scripts, which find their packages there. */
export async function installPeers(): Promise<string> {
  const hash = createHash('sha256')
  for (const name of (await readdir(SOURCE)).sort()) hash.update(await readFile(join(SOURCE, name)))
  const folder = join(tmpdir(), `cascata-bench-peers-${hash.digest('hex').slice(0, 16)}`)
  if (existsSync(folder)) return folder
  const fresh = `${folder}.${process.pid}`
  await cp(SOURCE, fresh, { recursive: true })
  const path = `${dirname(process.execPath)}:${testConfig.environment.PATH}`
  try {
    await output('npm', ['ci', '--loglevel=error'], {
      cwd: fresh,
      env: { PATH: path },
      timeoutMs: INSTALL_MS_MAX,
    })
    await rename(fresh, folder)
  } finally {
    await rm(fresh, { recursive: true, force: true })
  }
  return folder
}
