/** How a request that the edge could not pass on comes to a runtime: its project is woken, and the first ready one found. */

import { ProjectWakeFailed } from '@cascata/shared/problems/sleep'
import { findReadySocket, waitForReadySocket } from '../adapters/project-socket.ts'
import type { Paths } from '../paths.ts'
import type { Waker } from '../reconcile/projects/waking.ts'

/** A runtime that is only being restarted is back within this, or something is wrong with it. */
const RESTART_MS = 20_000

type Deps = { wake: Waker['wake']; paths: Pick<Paths, 'project'> }

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

async function reach({ wake, paths }: Deps, ref: string): Promise<string> {
  const row = await wake(ref)
  const { http } = paths.project(ref)
  const ready = await findReadySocket(http)
  if (ready !== undefined) return ready
  // Its own next try may take a minute: nobody is kept that long.
  if (row.observedState === 'failing') throw ProjectWakeFailed(ref)
  const late = await waitForReadySocket(http, { timeoutMs: RESTART_MS })
  if (late === undefined) throw ProjectWakeFailed(ref)
  return late
}
