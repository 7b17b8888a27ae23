/** The first minute of an instance: it is ours alone, its own containers run, and its database answers. */
import { connect } from 'node:net'
import { hostname } from 'node:os'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { ControlAlreadyRunning } from '@cascata/shared/problems/control'
import { nodeFiles } from '../adapters/files.ts'
import { waitUntilReady } from '../adapters/project-database.ts'
import { dbName, imageName } from '../engine/spec.ts'
import { controlLogin } from '../reconcile/counters/users.ts'
import { systemTask } from '../reconcile/system/task.ts'
import { type InstanceLock, lockInstance } from '../store/instance-lock.ts'
import { openStore, type Store } from '../store/open.ts'
import type { Parts } from './parts.ts'

const META_TIMEOUT_MS = 60_000
const PASSES_MAX = 30
const BETWEEN_PASSES_MS = 1_000

/**
 * The lock is in the database, which is brought up before it: a second control that is set up otherwise would replace
 * the first one's containers until then.
 *
 * @throws ControlAlreadyRunning when one answers where we would
 */
export async function assertAlone({ paths }: Parts): Promise<void> {
  if (await answers(paths.controlSocket))
    throw ControlAlreadyRunning(paths.home, `it answers at ${paths.controlSocket}`)
}

/** A socket that was left behind refuses. */
const answers = (path: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(path)
    socket.on('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', () => resolve(false))
  })

/** @throws what stood in the way, when it still does after half a minute. */
export async function bringUpSystem({ engine, effects, site, seal, log }: Parts): Promise<void> {
  const task = systemTask({ engine, files: nodeFiles, effects, site, control: controlLogin(seal) })
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

// By peer: control is root.
const metaAddress = ({ paths }: Parts) => ({ socketDir: paths.metaSocketDir, user: 'supabase_admin' })

/** @throws ControlAlreadyRunning */
export async function lockThisInstance(parts: Parts): Promise<InstanceLock> {
  const { metaSocketDir, home } = parts.paths
  await waitUntilReady(metaSocketDir, { timeoutMs: META_TIMEOUT_MS })
  return lockInstance(metaAddress(parts), { holder: hostname(), home })
}

export async function openInstanceStore(parts: Parts): Promise<Store> {
  await waitUntilReady(parts.paths.metaSocketDir, { timeoutMs: META_TIMEOUT_MS })
  return openStore({
    ...metaAddress(parts),
    database: 'cascata',
    migrations: fileURLToPath(new URL('../store/migrations', import.meta.url)),
  })
}

/**
 * A project from before releases were written down stays at the one its database is made from: a new release of the
 * instance replaces no container of a project by itself.
 */
export async function pinReleases({ engine, site }: Parts, store: Store): Promise<void> {
  const unpinned = (await store.projects.list()).filter(({ imageTag }) => imageTag === null)
  if (unpinned.length === 0) return
  const images = new Map((await engine.list()).map(({ name, image }) => [name, image]))
  const prefix = imageName('postgres', '')
  for (const { ref } of unpinned) {
    const image = images.get(dbName(site, ref)) ?? ''
    // An image whose tag was given to another one is known by its id alone.
    const tag = image.startsWith(prefix) ? image.slice(prefix.length) : site.imageTag
    await store.projects.pin(ref, tag)
  }
}
