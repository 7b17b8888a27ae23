/** Control's tables in memory, with the intents that the API would write. */
import type { ReconcilerStore } from '@cascata/control/reconcile/projects/store-port'
import type { ProjectRow } from '@cascata/control/store/tables/projects'
import { ProjectLimits, ProjectSettings } from '@cascata/shared/contract/projects'
import type { Life, Trouble } from './simulated-faults.ts'

export type SimulatedOperation = { id: string; ref: string; generation: number; status: 'open' | 'done' }

export class SimulatedStore {
  readonly rows = new Map<string, ProjectRow>()
  readonly operations: SimulatedOperation[] = []
  readonly trouble: Trouble
  readonly #now: () => number
  #nextUid = 200_000

  constructor(trouble: Trouble, now: () => number) {
    this.trouble = trouble
    this.#now = now
  }

  create(ref: string, template: string, importing: string | null): void {
    const uid = this.#nextUid++
    this.rows.set(ref, {
      id: `00000000-0000-4000-8000-${String(uid).padStart(12, '0')}`,
      ref,
      name: ref,
      template,
      uid,
      desired: 'running',
      importing,
      generation: 1,
      restarts: 0,
      dbRestarts: 0,
      limits: ProjectLimits.parse({}),
      settings: ProjectSettings.parse({}),
      secrets: `secret of ${ref}`,
      observedGeneration: 0,
      observedState: 'creating',
      lastProblem: null,
      createdAt: '2026-01-01T00:00:00Z',
      updatedAt: '2026-01-01T00:00:00Z',
      deletedAt: null,
      purgeAfter: null,
      ...{ imageTag: null, lastActiveAt: null, asleepSince: null, wokenAt: null, wakeMs: null },
    })
    this.#ask(ref, 1)
  }

  change(ref: string, patch: Partial<ProjectRow>): void {
    const row = this.rows.get(ref)
    if (!row) return
    const generation = row.generation + 1
    this.rows.set(ref, { ...row, ...patch, generation })
    this.#ask(ref, generation)
  }

  port(life: Life): ReconcilerStore {
    const { trouble } = this
    return {
      projects: {
        list: () => trouble.call(life, 'rows', () => [...this.rows.values()].map((row) => ({ ...row }))),
        find: (ref) =>
          trouble.call(life, 'row', () => {
            const row = this.rows.get(ref)
            return row && { ...row }
          }),
        recordObserved: (ref, { generation, state, problem }) =>
          trouble.call(life, `record ${ref}`, () => {
            const row = this.rows.get(ref)
            if (!row) return
            trouble.mutations.push(`record ${ref} ${state}`)
            Object.assign(row, {
              observedGeneration: generation,
              observedState: state,
              lastProblem: problem,
            })
          }),
        remove: (ref) =>
          trouble.call(life, `purge ${ref}`, () => {
            trouble.mutations.push(`purge ${ref}`)
            this.rows.delete(ref)
          }),
      },
      sleep: this.#sleep(life),
      operations: {
        listOpen: () =>
          trouble.call(life, 'operations', () => this.operations.filter((each) => each.status === 'open')),
        step: () => trouble.call(life, 'step', () => {}),
        progress: () => trouble.call(life, 'progress', () => {}),
        completeLifecycle: (ref, generation) =>
          trouble.call(life, `complete ${ref}`, () => {
            for (const operation of this.operations) {
              if (operation.ref !== ref || operation.generation > generation) continue
              if (operation.status === 'done') continue
              trouble.mutations.push(`complete ${ref}`)
              operation.status = 'done'
            }
          }),
      },
    }
  }

  #sleep(life: Life): ReconcilerStore['sleep'] {
    const { trouble } = this
    const patch = (
      what: string,
      ref: string,
      { when, set }: { when: (row: ProjectRow) => boolean; set: Partial<ProjectRow> },
    ) =>
      trouble.call(life, `${what} ${ref}`, () => {
        const row = this.rows.get(ref)
        if (!row || !when(row)) return undefined
        Object.assign(row, set)
        trouble.mutations.push(`${what} ${ref}`)
        return { ...row }
      })
    const isMeantToRun = (row: ProjectRow) => row.desired === 'running' && row.importing === null
    const now = () => new Date(this.#now()).toISOString()
    return {
      begin: (ref, { generation, lastActiveAt }) =>
        patch('sleep', ref, {
          when: (row) =>
            isMeantToRun(row) &&
            row.asleepSince === null &&
            row.generation === generation &&
            row.observedGeneration === generation &&
            row.observedState === 'running' &&
            !this.operations.some((each) => each.ref === ref && each.status === 'open'),
          set: { asleepSince: now(), lastActiveAt },
        }),
      cancel: async (ref) => {
        await patch('no sleep', ref, {
          when: ({ asleepSince }) => asleepSince !== null,
          set: { asleepSince: null },
        })
      },
      end: (ref) =>
        patch('wake', ref, {
          when: (row) => isMeantToRun(row) && (row.asleepSince !== null || row.observedState === 'asleep'),
          set: { asleepSince: null, wokenAt: now() },
        }),
      woken: async (ref, wakeMs) => {
        await patch('woken', ref, {
          when: (row) => isMeantToRun(row) && row.asleepSince === null,
          set: { wakeMs, observedState: 'running', lastProblem: null },
        })
      },
      recordActive: async (ref, lastActiveAt) => {
        await patch('active', ref, { when: () => true, set: { lastActiveAt } })
      },
    }
  }

  #ask(ref: string, generation: number): void {
    this.operations.push({ id: `${ref}-${this.operations.length}`, ref, generation, status: 'open' })
  }
}
