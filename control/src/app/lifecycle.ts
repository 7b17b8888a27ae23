/** What a project goes through: each call writes what it should be; the projects reconciler makes it so. */
import {
  type ChangeLimits,
  type ProjectChanged,
  ProjectLimits,
  type RestartProject,
} from '@cascata/shared/contract/projects'
import { renewed } from '@cascata/shared/former-secrets'
import {
  ProjectNotDeleted,
  ProjectNotReady,
  ProjectPaused,
  ProjectPurged,
} from '@cascata/shared/problems/projects'
import { newKeys, newPassword, openSecrets, sealSecrets } from '../adapters/project-secrets.ts'
import type { ProjectRow } from '../store/tables/projects.ts'
import type { Caller } from './caller.ts'
import { type Change, changeProject } from './change.ts'
import { DELETED_DAYS } from './limits.ts'
import type { AppDeps } from './ports.ts'
import { viewOperation, viewProject } from './view.ts'

const DAY_MS = 86_400_000

/** Only of what is seen whole can be said what it will be when it wakes. */
const MAY_SLEEP: readonly ProjectRow['observedState'][] = ['running', 'asleep']

export function lifecycleCases(deps: AppDeps) {
  const { seal, clock, instance } = deps
  const change = async (caller: Caller, ref: string, wish: Change): Promise<ProjectChanged> => {
    const { project, operation } = await changeProject(deps, caller, { ref, ...wish })
    return { ...viewProject(project, instance), operation: viewOperation(operation) }
  }

  return {
    pause: (caller: Caller, ref: string) =>
      change(caller, ref, { kind: 'project.pause', patch: () => ({ desired: 'paused', asleepSince: null }) }),

    resume: (caller: Caller, ref: string) =>
      change(caller, ref, {
        kind: 'project.resume',
        patch: () => ({ desired: 'running', asleepSince: null }),
      }),

    /** Its runtimes, one by one, without a request that fails; its database only when that is asked for. */
    restart: (caller: Caller, ref: string, { database = false }: RestartProject) =>
      change(caller, ref, {
        kind: 'project.restart',
        detail: { database },
        patch(row) {
          if (row.desired === 'paused') throw ProjectPaused(ref)
          const dbRestarts = row.dbRestarts + (database ? 1 : 0)
          return { restarts: row.restarts + 1, dbRestarts, asleepSince: null }
        },
      }),

    /** Stopped until somebody asks for it. */
    sleep: (caller: Caller, ref: string) =>
      change(caller, ref, {
        kind: 'project.sleep',
        patch(row) {
          if (row.desired === 'paused') throw ProjectPaused(ref)
          if (!MAY_SLEEP.includes(row.observedState)) throw ProjectNotReady(ref)
          return { asleepSince: row.asleepSince ?? new Date(clock.now()).toISOString() }
        },
      }),

    async wake(caller: Caller, ref: string): Promise<ProjectChanged> {
      const changed = await change(caller, ref, {
        kind: 'project.wake',
        patch(row) {
          if (row.desired === 'paused') throw ProjectPaused(ref)
          return { asleepSince: null }
        },
      })
      // At once, not in the next pass. What goes wrong is the project's last problem, and the pass is the next try.
      deps.wake(ref).catch(() => {})
      return changed
    },

    limit: (caller: Caller, ref: string, wish: ChangeLimits) =>
      change(caller, ref, {
        kind: 'project.update',
        detail: { limits: wish },
        patch: ({ limits }) => ({
          limits: ProjectLimits.parse({
            ...limits,
            ...wish,
            runtime: { ...limits.runtime, ...wish.runtime },
            db: { ...limits.db, ...wish.db },
          }),
        }),
      }),

    /** Every token signed with the old secret is void once this is observed. Passwords of the database stay. */
    rotateKeys: (caller: Caller, ref: string) =>
      change(caller, ref, {
        kind: 'project.rotate-keys',
        async patch(row) {
          const keys = await newKeys(ref, Math.floor(clock.now() / 1_000))
          return { secrets: sealSecrets(seal, ref, renewed(openSecrets(seal, row), keys)) }
        },
      }),

    /** Of the role `postgres`, which people and their programs log in as. Sessions that are open end: they began with the old one. */
    rotateDbPassword: (caller: Caller, ref: string) =>
      change(caller, ref, {
        kind: 'project.rotate-db-password',
        patch(row) {
          const secrets = openSecrets(seal, row)
          const passwords = { ...secrets.passwords, postgres: newPassword() }
          return { secrets: sealSecrets(seal, ref, { ...secrets, passwords }) }
        },
      }),

    remove: (caller: Caller, ref: string) =>
      change(caller, ref, {
        kind: 'project.delete',
        patch: () => ({
          desired: 'deleted',
          asleepSince: null,
          deletedAt: new Date(clock.now()).toISOString(),
          purgeAfter: new Date(clock.now() + DELETED_DAYS * DAY_MS).toISOString(),
        }),
      }),

    /** Brings a deleted project back, running. */
    undelete: (caller: Caller, ref: string) =>
      change(caller, ref, {
        kind: 'project.undelete',
        ofDeleted: true,
        patch(row) {
          if (row.desired !== 'deleted') throw ProjectNotDeleted(ref)
          const purge = row.purgeAfter === null ? 0 : Date.parse(row.purgeAfter)
          if (purge <= clock.now()) throw ProjectPurged(ref)
          return { desired: 'running', deletedAt: null, purgeAfter: null }
        },
      }),
  }
}
