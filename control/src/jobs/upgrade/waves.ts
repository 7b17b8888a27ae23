/**
 * `projects.upgrade`: all projects to one release, a wave at a time; the first wave in which one fails is the last.
 *
 * It holds no place in the queue while its projects are at work: it looks, asks for what is next, and is run again
 * when one of them has ended. What it has asked for it finds again by the ids it gave.
 */
import { createHash } from 'node:crypto'
import type { OperationStep } from '@cascata/shared/contract/operations'
import { Problem } from '@cascata/shared/problem'
import { ProjectsBusy, WaveFailed } from '@cascata/shared/problems/upgrade'
import { lockForUpgrade } from '../../app/upgrades.ts'
import { tagOf } from '../../engine/spec.ts'
import type { OperationRow } from '../../store/tables/operations.ts'
import type { ProjectRow } from '../../store/tables/projects.ts'
import type { JobRun } from '../deps.ts'

type Input = { image_tag: string; wave: number }

/**
 * A project, and what has come of it: undefined where nothing was asked for yet. `waits`: it was busy with something
 * else when it was its turn, with what, and since when.
 */
export type Member = {
  ref: string
  behind: boolean
  status: OperationRow['status'] | undefined
  waits?: { since: number; detail: string } | undefined
}

export type Waves =
  | { do: 'wait' }
  /** As many of these as a wave holds, in this order: who was busy comes last. */
  | { do: 'begin'; refs: readonly string[] }
  | { do: 'stop'; failed: readonly string[]; left: number }
  | { do: 'finish'; upgraded: readonly string[] }

/** What comes next. Pure. */
export function planWaves(members: readonly Member[]): Waves {
  const refsOf = (...statuses: Member['status'][]) =>
    members.filter(({ status }) => statuses.includes(status)).map(({ ref }) => ref)
  const waiting = members.filter(({ behind, status }) => behind && status === undefined)
  // What has begun is seen to its end, whatever the others of its wave came to.
  if (refsOf('pending', 'running').length > 0) return { do: 'wait' }
  const failed = refsOf('failed')
  if (failed.length > 0) return { do: 'stop', failed, left: waiting.length }
  const sinceOf = ({ waits }: Member) => waits?.since ?? 0
  const inTurn = waiting.toSorted((a, b) => sinceOf(a) - sinceOf(b))
  if (waiting.length > 0) return { do: 'begin', refs: inTurn.map(({ ref }) => ref) }
  return { do: 'finish', upgraded: refsOf('succeeded') }
}

export async function upgradeAll(run: JobRun): Promise<Record<string, unknown> | null> {
  const { image_tag: to } = run.operation.input as Input
  const members = await look(run, to)
  const ended = members.filter(({ status }) => status === 'succeeded' || status === 'failed').length
  const all = members.filter(({ behind, status }) => behind || status !== undefined).length
  await run.deps.store.operations.progress(run.operation.id, ended / Math.max(1, all))
  const next = planWaves(members)
  switch (next.do) {
    case 'wait':
      return null
    case 'begin':
      return beginWave(run, next.refs, members)
    case 'stop':
      throw WaveFailed(next.failed, next.left)
    case 'finish':
      return { to, upgraded: next.upgraded }
  }
}

/** How long the last ones are waited for when nothing but busy ones is left. */
const PATIENCE_MS = 3_600_000

/** @throws ProjectsBusy when every one that is left was busy for too long */
async function beginWave(run: JobRun, refs: readonly string[], members: readonly Member[]): Promise<null> {
  const { operation, deps } = run
  const { image_tag: to, wave } = operation.input as Input
  const busy: string[] = []
  let begun = 0
  for (const ref of refs) {
    if (begun === wave) break
    const detail = await begin(run, ref, to)
    if (detail === null) {
      begun += 1
      continue
    }
    busy.push(detail)
    await deps.store.operations.step(operation.id, ref, { status: 'running', detail })
  }
  const isOver = ({ waits }: Member) => waits !== undefined && deps.clock.now() - waits.since > PATIENCE_MS
  const left = members.filter(({ ref }) => refs.includes(ref))
  if (begun > 0 || !left.every(isOver)) return null
  for (const ref of refs) await deps.store.operations.step(operation.id, ref, 'failed')
  throw ProjectsBusy(busy)
}

async function look(run: JobRun, to: string): Promise<Member[]> {
  const { operation, deps } = run
  const rows = await deps.store.projects.list()
  return Promise.all(
    rows.map(async (row) => {
      const own = await deps.store.operations.find(idOf(operation.id, row))
      if (own) await show(run, row.ref, own.status)
      const behind = row.desired !== 'deleted' && tagOf(deps.upgrade.site, row) !== to
      const step = own ? undefined : operation.steps.find(({ name }) => name === row.ref)
      const { detail, started_at: since } = step ?? {}
      const waits = detail === undefined || !since ? undefined : { detail, since: Date.parse(since) }
      // Somebody else has seen to it, or it is gone.
      if (waits && !behind)
        await deps.store.operations.step(operation.id, row.ref, row.desired === 'deleted' ? 'failed' : 'done')
      return { ref: row.ref, behind, status: own?.status, waits }
    }),
  )
}

const SHOWN: Partial<Record<OperationRow['status'], OperationStep['status']>> = {
  running: 'running',
  succeeded: 'done',
  failed: 'failed',
}

async function show({ operation, deps }: JobRun, ref: string, status: OperationRow['status']): Promise<void> {
  const shown = SHOWN[status]
  if (shown) await deps.store.operations.step(operation.id, ref, shown)
}

/** @returns what it is busy with, where it is: then it is asked again at the next look, for it is still behind. */
async function begin({ operation, deps }: JobRun, ref: string, to: string): Promise<string | null> {
  const own = deps.upgrade.site.imageTag
  try {
    await deps.store.transaction(async (tx) => {
      const { row, input } = await lockForUpgrade(tx, ref, { to, own })
      await tx.operations.insert({
        id: idOf(operation.id, row),
        kind: 'project.upgrade',
        ref,
        input,
        actor: operation.actor,
      })
    })
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    return error.message
  }
  return null
}

/** The same project of the same operation always gets the same id: a run after a kill asks for nothing twice. */
export function idOf(operation: string, { id }: Pick<ProjectRow, 'id'>): string {
  const hex = createHash('sha256').update(`${operation} ${id}`).digest('hex')
  // RFC 9562, 5.8: a version for ids made in one's own way.
  const parts = [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `8${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ]
  return parts.join('-')
}
