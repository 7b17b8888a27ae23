/** How a request that the edge could not pass on comes to a runtime: its project is woken, and the first ready one found. */

import { setTimeout as pause } from 'node:timers/promises'
import { ProjectWakeFailed } from '@cascata/shared/problems/sleep'
import { findReadySocket, waitForReadySocket } from '../adapters/project-socket.ts'
import type { Paths } from '../paths.ts'
import type { Waker } from '../reconcile/projects/waking.ts'
import type { Store } from '../store/open.ts'

/** A runtime that is only being restarted is back within this, or something is wrong with it. */
const RESTART_MS = 20_000

/** It may fall asleep while somebody waits for it to be back: then it is woken again. */
const WAKE_AGAIN_MS = 500

/** An upgrade is over within this, or nobody is kept for it. */
const UPGRADE_MS = 20_000
const LOOK_EVERY_MS = 50

type Deps = { wake: Waker['wake']; paths: Pick<Paths, 'project'>; store: Pick<Store, 'projects'> }

/** Those who ask for the same project meanwhile get the same answer. */
export function reacher(deps: Deps): (ref: string) => Promise<string> {
  const asked = new Map<string, Promise<string>>()
  return (ref) => {
    const known = asked.get(ref)
    if (known) return known
    const answer = reach(deps, ref).finally(() => asked.delete(ref))
    asked.set(ref, answer)
    return answer
  }
}

/** Nothing has the project in hand. */
export const isFree = async ({ store }: Pick<Deps, 'store'>, ref: string): Promise<boolean> =>
  (await store.projects.find(ref))?.importing === null

/** Whoever comes while a release is tried is kept until it is over, rather than sent away. */
async function upgradeEnded({ store }: Pick<Deps, 'store'>, ref: string): Promise<void> {
  const until = performance.now() + UPGRADE_MS
  for (;;) {
    const row = await store.projects.find(ref)
    if (row?.observedState !== 'upgrading' || row.importing === null || performance.now() > until) return
    await pause(LOOK_EVERY_MS)
  }
}

async function reach({ wake, paths, store }: Deps, ref: string): Promise<string> {
  await upgradeEnded({ store }, ref)
  const { http } = paths.project(ref)
  const until = performance.now() + RESTART_MS
  const row = await wake(ref)
  const ready = await findReadySocket(http)
  if (ready !== undefined) return ready
  // Its own next try may take a minute: nobody is kept that long. What fails from now on may be mended in time.
  if (row.observedState === 'failing') throw ProjectWakeFailed(ref)
  while (performance.now() < until) {
    const late = await waitForReadySocket(http, { timeoutMs: WAKE_AGAIN_MS })
    if (late !== undefined) return late
    await wake(ref)
  }
  throw ProjectWakeFailed(ref)
}
