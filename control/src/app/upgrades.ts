/** Upgrades: asked for, one project or all of them. The job carries them out, and undoes what does not come up. */
import type { ProjectChanged } from '@cascata/shared/contract/projects'
import type { UpgradeProject, UpgradeProjects, UpgradeStarted } from '@cascata/shared/contract/upgrade'
import { OperationUnderWay } from '@cascata/shared/problems/operations'
import { ProjectNotReady } from '@cascata/shared/problems/projects'
import { ProjectAtRelease } from '@cascata/shared/problems/upgrade'
import type { Queries } from '../store/queries.ts'
import type { OperationRow } from '../store/tables/operations.ts'
import type { ProjectRow } from '../store/tables/projects.ts'
import { assertSees, type Caller } from './caller.ts'
import { assertNone, audit, insertOperation, lockProject } from './change.ts'
import type { AppDeps } from './ports.ts'
import { viewOperation, viewProject } from './view.ts'

/** What an operation of the instance as a whole has for a ref: no project can be called so. */
export const ALL = '_all'

/** The project's row, locked and free to be upgraded to that release. */
export async function lockForUpgrade(
  tx: Queries,
  ref: string,
  { to, own }: { to: string; own: string },
): Promise<{ row: ProjectRow; input: { image_tag: string; from: string } }> {
  const row = await lockProject(tx, ref)
  await assertNone(tx, ref, ['backup.create'])
  if (row.observedState === 'creating') throw ProjectNotReady(ref)
  const from = row.imageTag ?? own
  if (from === to) throw ProjectAtRelease(ref, to)
  return { row, input: { image_tag: to, from } }
}

export function upgradeCases({ store, instance, commit, kick }: AppDeps) {
  return {
    async one(caller: Caller, ref: string, wish: UpgradeProject): Promise<ProjectChanged> {
      assertSees(caller, ref)
      const to = wish.image_tag ?? instance.imageTag
      const { row, operation } = await commit(ref, () =>
        store.transaction(async (tx) => {
          const { row, input } = await lockForUpgrade(tx, ref, { to, own: instance.imageTag })
          const operation = await insertOperation(tx, caller, { kind: 'project.upgrade', ref, input })
          await audit(tx, caller, { action: 'project.upgrade', target: ref, detail: input })
          return { row, operation }
        }),
      )
      kick(operation)
      return { ...viewProject(row, instance), operation: viewOperation(operation) }
    },

    /** All that are at another release, one wave after the other. */
    async all(caller: Caller, wish: UpgradeProjects): Promise<UpgradeStarted> {
      const input = { image_tag: wish.image_tag ?? instance.imageTag, wave: wish.wave }
      const write = async (tx: Queries): Promise<OperationRow> => {
        await tx.projects.reserve(ALL)
        const [open] = await tx.operations.listOpenOf(ALL)
        if (open) throw OperationUnderWay('all', open.kind)
        const operation = await insertOperation(tx, caller, { kind: 'projects.upgrade', ref: ALL, input })
        await audit(tx, caller, { action: 'projects.upgrade', target: 'instance', detail: input })
        return operation
      }
      const operation = await store.transaction(write)
      kick(operation)
      return { operation: viewOperation(operation) }
    },
  }
}
