/** The first minute of an instance: its own containers run, and its database answers. */

import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { nodeFiles } from '../adapters/files.ts'
import { waitUntilReady } from '../adapters/project-database.ts'
import { systemTask } from '../reconcile/system/task.ts'
import { openStore, type Store } from '../store/open.ts'
import type { Parts } from './parts.ts'

const META_TIMEOUT_MS = 60_000
const PASSES_MAX = 30
const BETWEEN_PASSES_MS = 1_000

/** @throws what stood in the way, when it still does after half a minute. */
export async function bringUpSystem({ engine, effects, site, log }: Parts): Promise<void> {
  const task = systemTask({ engine, files: nodeFiles, effects, site })
  for (let left = PASSES_MAX; ; left--) {
    const { applied, failed } = await task.run(new AbortController().signal)
    if (applied.length > 0) log.info({ applied }, 'system')
    const [first] = failed
    if (!first) return
    log.warn({ step: first.what, err: first.error }, 'a part of the instance does not come up')
    if (left === 1) throw first.error
    await pause(BETWEEN_PASSES_MS)
  }
}

export async function openInstanceStore({ paths }: Parts): Promise<Store> {
  await waitUntilReady(paths.metaSocketDir, { timeoutMs: META_TIMEOUT_MS })
  return openStore({
    socketDir: paths.metaSocketDir,
    // By peer: control is root.
    user: 'supabase_admin',
    database: 'cascata',
    migrations: fileURLToPath(new URL('../store/migrations', import.meta.url)),
  })
}
