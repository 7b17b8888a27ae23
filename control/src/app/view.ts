/** Rows as the API shows them. No secret is in any of them. */
import type { AuditEntry } from '@cascata/shared/contract/audit'
import type { Backup } from '@cascata/shared/contract/backups'
import type { Operation } from '@cascata/shared/contract/operations'
import { type Project, ProjectLimits } from '@cascata/shared/contract/projects'
import type { Token } from '@cascata/shared/contract/tokens'
import { DiskQuotaNear, DiskQuotaReached } from '@cascata/shared/problems/bounds'
import type { TokenRow } from '../store/tables/access.ts'
import type { AuditRow } from '../store/tables/audit.ts'
import type { BackupRow } from '../store/tables/backups.ts'
import type { OperationRow } from '../store/tables/operations.ts'
import type { ProjectRow } from '../store/tables/projects.ts'
import { directUrls } from './direct.ts'
import type { Instance } from './ports.ts'

/** Postgres' text of a time, as ISO 8601. */
export const time = (text: string): string => new Date(text).toISOString()
export const timeOrNull = (text: string | null): string | null => (text === null ? null : time(text))

export const viewProject = (row: ProjectRow, instance: Instance): Project => ({
  id: row.id,
  ref: row.ref,
  name: row.name,
  template: row.template,
  desired: row.desired,
  status: row.observedState,
  url: instance.projectUrl(row.ref),
  ...directUrls(row, instance),
  image_tag: row.imageTag ?? instance.imageTag,
  behind: (row.imageTag ?? instance.imageTag) !== instance.imageTag,
  generation: row.generation,
  observed_generation: row.observedGeneration,
  // A row written before a limit was thought of has its default.
  limits: ProjectLimits.parse(row.limits),
  ...viewDisk(row, instance),
  last_problem: row.lastProblem,
  last_active_at: timeOrNull(row.lastActiveAt),
  asleep_since: timeOrNull(row.asleepSince),
  woken_at: timeOrNull(row.wokenAt),
  wake_ms: row.wakeMs,
  created_at: time(row.createdAt),
  updated_at: time(row.updatedAt),
  deleted_at: timeOrNull(row.deletedAt),
  purge_after: timeOrNull(row.purgeAfter),
})

const MB = 1024 * 1024

function viewDisk(row: ProjectRow, instance: Instance): Pick<Project, 'disk' | 'notices'> {
  const { disk_mb: limitMb } = ProjectLimits.parse(row.limits)
  const known = instance.diskOf(row.ref)
  if (!known || row.desired === 'deleted') return { disk: null, notices: [] }
  const usedMb = Math.round(known.usedBytes / MB)
  const disk = {
    ...{ used_mb: usedMb, limit_mb: limitMb, state: known.state },
    measured_at: new Date(known.at).toISOString(),
  }
  const notices = {
    ok: [],
    'nearly-full': [DiskQuotaNear(usedMb, limitMb ?? 0)],
    full: [DiskQuotaReached()],
  }[known.state]
  return { disk, notices: notices.map(({ code, title, message }) => ({ code, title, detail: message })) }
}

export const viewOperation = (row: OperationRow): Operation => ({
  id: row.id,
  kind: row.kind,
  ref: row.ref,
  status: row.status,
  progress: row.progress,
  steps: row.steps,
  result: row.result,
  problem: row.status === 'failed' ? row.problem : null,
  created_at: time(row.createdAt),
  updated_at: time(row.updatedAt),
  finished_at: timeOrNull(row.finishedAt),
})

export const viewBackup = (row: BackupRow): Backup => ({
  id: row.id,
  ref: row.ref,
  status: row.status,
  bytes: row.bytes,
  sha256: row.sha256,
  summary: row.summary,
  created_at: time(row.createdAt),
  finished_at: timeOrNull(row.finishedAt),
})

export const viewToken = (row: TokenRow): Token => ({
  id: row.id,
  name: row.name,
  scope: row.scope,
  project_ref: row.projectRef,
  created_at: time(row.createdAt),
  last_used_at: timeOrNull(row.lastUsedAt),
  expires_at: timeOrNull(row.expiresAt),
  revoked_at: timeOrNull(row.revokedAt),
})

export const viewAudit = (row: AuditRow): AuditEntry => ({
  seq: row.seq,
  at: time(row.at),
  actor: row.actor,
  action: row.action,
  target: row.target,
  detail: row.detail,
  request_id: row.requestId,
  previous: row.previous,
  hash: row.hash,
})

export const viewPage = <Row, Item>(
  page: { items: Row[]; nextCursor: string | null },
  view: (row: Row) => Item,
): { items: Item[]; next_cursor: string | null } => ({
  items: page.items.map(view),
  next_cursor: page.nextCursor,
})
