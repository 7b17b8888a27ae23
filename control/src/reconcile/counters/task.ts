/**
 * Keeps Redis letting in the runtimes of every project that is there, each to its own keys. A Redis that was replaced or
 * lost its files reads the same text; one that is away reads it when it is back.
 */
import type { ProjectSecrets } from '@cascata/shared/contract/projects'
import { counterAccess } from '@cascata/shared/counter-access'
import type { Files } from '../../adapters/files.ts'
import type { RedisUsers } from '../../adapters/redis-users.ts'
import type { Site } from '../../engine/spec.ts'
import { REDIS_UID } from '../../paths.ts'
import type { ProjectRow } from '../../store/tables/projects.ts'
import type { Effects } from '../effects.ts'
import type { ReconcilerStore } from '../projects/store-port.ts'
import type { Failure, Log, Pass, Task } from '../task.ts'
import { planCounters } from './plan.ts'
import { type Login, renderUsers } from './users.ts'

export type CountersDeps = {
  files: Files
  site: Site
  store: Pick<ReconcilerStore, 'projects'>
  redisUsers: RedisUsers
  control: Login
  openSecrets(row: Pick<ProjectRow, 'ref' | 'secrets'>): ProjectSecrets
  effects: Effects
  log: Log
}

export const countersTask = (deps: CountersDeps): Task => ({
  name: 'counters',
  everyMs: 10_000,
  async run(signal): Promise<Pass> {
    const { files, site, store, redisUsers, effects } = deps
    const path = site.paths.redisUsers
    const [rows, text, known] = await Promise.all([
      store.projects.list(),
      files.read(path),
      redisUsers.names(),
    ])
    const wanted = renderUsers(deps.control, accessesOf(deps, rows))
    const applied: string[] = []
    for (const step of planCounters(wanted, { text, known })) {
      signal.throwIfAborted()
      try {
        await effects.run(`_system.${step.do}`, () =>
          step.do === 'counters.write' ? writeUsers(files, path, step.text) : redisUsers.read(),
        )
      } catch (error) {
        const failed: Failure[] = [{ what: step.do, error }]
        return { applied, failed }
      }
      applied.push(step.do)
    }
    return { applied, failed: [] }
  },
})

export const writeUsers = (files: Files, path: string, text: string): Promise<void> =>
  files.write(path, text, { uid: 0, gid: REDIS_UID, mode: 0o640 })

/** One whose secrets do not open is failing, and says so itself: the others are let in all the same. */
const accessesOf = ({ openSecrets, log }: CountersDeps, rows: readonly ProjectRow[]) =>
  rows
    .filter(({ desired }) => desired !== 'deleted')
    .flatMap((row) => {
      try {
        return [counterAccess(row.ref, openSecrets(row).passwords.authenticator)]
      } catch (err) {
        log.warn({ project: row.ref, err }, 'not let in to count: its secrets do not open')
        return []
      }
    })
