/**
 * The one way a project's intent changes: row, operation and audit entry in one transaction, then a kick. Nobody
 * changes a project that is deleted, that an import or a restore is filling, or that is being upgraded.
 */
import type { OperationKind } from '@cascata/shared/contract/operations'
import { newOperationId } from '@cascata/shared/ids'
import { OperationUnderWay } from '@cascata/shared/problems/operations'
import { ProjectDeleted, ProjectImporting, ProjectNotFound } from '@cascata/shared/problems/projects'
import type { ProjectPatch } from '../store/projects.ts'
import type { Queries } from '../store/queries.ts'
import type { OperationRow } from '../store/tables/operations.ts'
import type { ProjectRow } from '../store/tables/projects.ts'
import { actorOf, assertSees, type Caller } from './caller.ts'
import type { AppDeps } from './ports.ts'

const EXCLUSIVE: readonly OperationKind[] = ['project.import', 'backup.restore', 'project.upgrade']

export type Change = {
  kind: OperationKind
  /** What the row becomes; throws when the row does not allow it. */
  patch(row: ProjectRow): ProjectPatch | Promise<ProjectPatch>
  /** For the audit entry; never a secret. */
  detail?: Record<string, unknown>
  /** Bringing back is the one thing a deleted project allows. */
  ofDeleted?: boolean
}

export type Changed = { project: ProjectRow; operation: OperationRow }

export async function changeProject(
  deps: AppDeps,
  caller: Caller,
  { ref, ...change }: Change & { ref: string },
): Promise<Changed> {
  assertSees(caller, ref)
  const write = async (tx: Queries): Promise<Changed> => {
    const row = await lockProject(tx, ref, change)
    const project = await tx.projects.change(ref, await change.patch(row))
    if (!project) throw ProjectNotFound()
    const operation = await insertOperation(tx, caller, {
      kind: change.kind,
      ref,
      generation: project.generation,
    })
    await audit(tx, caller, { action: change.kind, target: ref, detail: change.detail ?? {} })
    return { project, operation }
  }
  const changed = await deps.commit(ref, () => deps.store.transaction(write))
  deps.kick(changed.operation)
  return changed
}

/** The project's row, held until the transaction ends, of a project that is free to be changed. */
export async function lockProject(
  tx: Queries,
  ref: string,
  { ofDeleted = false }: { ofDeleted?: boolean } = {},
): Promise<ProjectRow> {
  const row = await tx.projects.lock(ref)
  if (!row) throw ProjectNotFound()
  if (row.desired === 'deleted' && !ofDeleted) throw ProjectDeleted(ref)
  // First: it names what holds the project, which need not be an import.
  await assertNone(tx, ref, EXCLUSIVE)
  if (row.importing !== null) throw ProjectImporting(ref)
  return row
}

/** Throws while an operation of one of these kinds is open for the ref. */
export async function assertNone(tx: Queries, ref: string, kinds: readonly OperationKind[]): Promise<void> {
  const busy = (await tx.operations.listOpenOf(ref)).find(({ kind }) => kinds.includes(kind))
  if (busy) throw OperationUnderWay(ref, busy.kind)
}

export const insertOperation = (
  tx: Queries,
  caller: Caller,
  row: {
    kind: OperationKind
    ref: string
    id?: string
    generation?: number
    input?: Record<string, unknown>
  },
): Promise<OperationRow> =>
  tx.operations.insert({ ...row, id: row.id ?? newOperationId(), actor: actorOf(caller) })

export async function audit(
  tx: Queries,
  caller: Caller,
  entry: { action: string; target: string; detail: Record<string, unknown> },
): Promise<void> {
  await tx.audit.append({ ...entry, actor: actorOf(caller), requestId: caller.requestId })
}
