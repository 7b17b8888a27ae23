/**
 * What import and restore share: read all of the archive, fill the project's cluster while nothing is served, hand
 * the project back to the reconciler.
 *
 * Each part may be killed and run again. What tells a later run how far an earlier one came: the operation's steps,
 * the row's `importing`, and the names of the databases in the cluster.
 */
import { statfs } from 'node:fs/promises'
import { ArchiveMissing } from '@cascata/shared/problems/archive'
import type { OpenWith } from '../archive/age/header.ts'
import type { ArchiveRead } from '../archive/reader.ts'
import { restoreDatabase } from '../archive/restore.ts'
import { dropReplaced } from '../archive/swap.ts'
import { verifyFile } from '../archive/verify.ts'
import type { JobRun } from './deps.ts'
import { waitFor } from './wait.ts'

const VERIFIED = 0.3
const RESTORED = 0.95

/** The caller's keys first, then the instance's own. */
function openWith({ operation, deps }: JobRun): OpenWith {
  const { passphrase, identity } = deps.openInput(operation)
  const identities = identity === undefined ? [deps.keys.identity] : [identity, deps.keys.identity]
  return { identities, passphrase }
}

/** Reads the file from its first to its last byte. Nothing has been made yet. */
export async function verify(run: JobRun, path: string): Promise<ArchiveRead> {
  const { bavail, bsize } = await statfs(run.deps.paths.home)
  try {
    return await run.steps.run('verify', () =>
      verifyFile({
        path,
        ...openWith(run),
        plainBytesMax: bavail * bsize,
        onProgress: run.steps.share(0, VERIFIED),
        signal: run.signal,
      }),
    )
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT')
      throw ArchiveMissing().because(error)
    throw error
  }
}

/** The project's row says `importing` by now; its database comes up, is filled and swapped. */
export async function refill(run: JobRun, path: string, verified: ArchiveRead): Promise<void> {
  const { operation, deps, steps, signal } = run
  await steps.run('database', () => waitFor(run, 'importing'))
  await steps.run('restore', () =>
    restoreDatabase({
      cluster: clusterOf(run),
      path,
      openWith: openWith(run),
      verified,
      operation: operation.id,
      onProgress: steps.share(VERIFIED, RESTORED),
      signal,
      effect: (step, change) => deps.effects.run(`${operation.ref}.restore.${step}`, change),
    }),
  )
}

/** After the swap: the project is served again, then the database that was replaced goes. */
export async function handBack(run: JobRun): Promise<void> {
  const { operation, deps, steps, signal } = run
  const row = await deps.store.projects.find(operation.ref)
  if (row?.importing === operation.id)
    await deps.effects.run(`${operation.ref}.restore.clear`, () =>
      deps.store.projects.clearImporting(operation.ref),
    )
  try {
    await steps.run('start', () => waitFor(run, 'running'))
  } finally {
    if (!signal.aborted) await dropOld(run)
  }
}

const dropOld = (run: JobRun): Promise<void> =>
  run.deps.effects.run(`${run.operation.ref}.restore.drop`, () =>
    dropReplaced(clusterOf(run), run.operation.id),
  )

const clusterOf = ({ operation, deps }: JobRun) => ({
  socketDir: deps.paths.project(operation.ref).dbSocketDir,
  tools: deps.tools,
})
