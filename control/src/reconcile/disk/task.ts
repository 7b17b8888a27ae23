/**
 * Measures what the running projects take on the disk, and says which of them may write no more. What follows from it
 * is the projects' reconciler's.
 *
 * A look at the whole disk's free space is next to nothing; only when that shrank, or when a project is due by its own
 * growth, is a folder walked.
 */
import type { Clock } from '@cascata/shared/clock'
import { ProjectLimits } from '@cascata/shared/contract/projects'
import type { DiskUsage } from '../../adapters/disk-usage.ts'
import type { Site } from '../../engine/spec.ts'
import type { ProjectRow } from '../../store/tables/projects.ts'
import type { ReconcilerStore } from '../projects/store-port.ts'
import { modeOf } from '../projects/wanted.ts'
import type { Failure, Task } from '../task.ts'
import { holdsMs, judge } from './judge.ts'
import { isFull, type Usage, type Usages } from './usages.ts'

const EVERY_MS = 2_000
/** So much less free space makes all projects due, though not more often than this. */
const SHRUNK_BYTES = 64 * 1024 * 1024
const ALL_EVERY_MS = 10_000
/** What a full project may grow by before whoever writes is cut off again: it may be making room. */
const OVERRUN_BYTES = 16 * 1024 * 1024

export type DiskDeps = {
  store: Pick<ReconcilerStore, 'projects'>
  disk: DiskUsage
  usages: Usages
  site: Site
  /** Ends what a tenant's clients are doing in the database. */
  endSessions(ref: string): Promise<void>
  /** A project became full, or is no longer. */
  changed(): void
  clock: Clock
}

export function diskTask(deps: DiskDeps): Task {
  const { usages, clock } = deps
  let all = { at: Number.NEGATIVE_INFINITY, freeBytes: 0 }
  return {
    name: 'disk',
    everyMs: EVERY_MS,
    async run(signal) {
      const rows = await deps.store.projects.list()
      forgetOthers(rows, usages)
      const running = rows.filter((row) => isMeasured(row, clock.now()))
      if (running.length === 0) return { applied: [], failed: [] }
      const freeBytes = await deps.disk.freeBytes(deps.site.paths.projects)
      const hasShrunk = all.freeBytes - freeBytes >= SHRUNK_BYTES && clock.now() - all.at >= ALL_EVERY_MS
      if (hasShrunk || freeBytes > all.freeBytes) all = { at: clock.now(), freeBytes }
      const [applied, failed]: [string[], Failure[]] = [[], []]
      for (const row of running) {
        signal.throwIfAborted()
        const limitBytes = limitOf(row)
        const known = usages.of(row.ref)
        const isDue = known === undefined || clock.now() - known.at >= holdsMs(known, limitBytes)
        const usage = isDue || hasShrunk ? await measure(deps, row.ref, known) : known
        const next = { ...usage, state: judge(usage.usedBytes, limitBytes, usage.state) }
        usages.set(row.ref, next)
        if (isFull(known) !== isFull(next)) applied.push(`${row.ref}: disk ${next.state}`)
        await cutOff(deps, row.ref, { known, next }).catch((error: unknown) =>
          failed.push({ what: `${row.ref}: end sessions`, error }),
        )
      }
      if (applied.length > 0) deps.changed()
      return { applied, failed }
    },
  }
}

const isMeasured = (row: ProjectRow, now: number): boolean => {
  const mode = modeOf(row, now)
  return mode === 'running' || mode === 'database'
}

function limitOf(row: ProjectRow): number | null {
  const { disk_mb: mb } = ProjectLimits.parse(row.limits)
  return mb === null ? null : mb * 1024 * 1024
}

async function measure(
  { disk, site, clock }: DiskDeps,
  ref: string,
  known: Usage | undefined,
): Promise<Usage> {
  const { files, run, walFiles, undo } = site.paths.project(ref)
  // Postgres bounds its log by itself, and nothing that a tenant deletes makes it shorter. What an upgrade keeps for
  // its undo is gone in a moment, and not the tenant's either.
  const isLeftOut = (path: string) => path === walFiles || path.startsWith(undo(''))
  const usedBytes = (await disk.usedBytes(files, isLeftOut)) + (await disk.usedBytes(run))
  const at = clock.now()
  const state = known?.state ?? 'ok'
  if (known === undefined || at <= known.at) return { usedBytes, at, growthPerMs: 0, state }
  return { usedBytes, at, growthPerMs: (usedBytes - known.usedBytes) / (at - known.at), state }
}

/** The owner of a database may write all the same, to make room: who uses that to go on growing is stopped. */
async function cutOff(
  { endSessions }: DiskDeps,
  ref: string,
  { known, next }: { known: Usage | undefined; next: Usage },
): Promise<void> {
  if (known?.state !== 'full' || next.state !== 'full') return
  if (next.usedBytes - known.usedBytes >= OVERRUN_BYTES) await endSessions(ref)
}

function forgetOthers(rows: readonly ProjectRow[], usages: Usages): void {
  const refs = new Set(rows.map(({ ref }) => ref))
  for (const ref of usages.refs()) if (!refs.has(ref)) usages.forget(ref)
}
