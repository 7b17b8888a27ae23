/**
 * Whether the new release does with this project what the old one did. Asked before anybody outside can reach it: who
 * fails here is undone, and nobody has seen it.
 */
import { Problem } from '@cascata/shared/problem'
import { ProjectGone } from '@cascata/shared/problems/archive'
import { RuntimeNotReady } from '@cascata/shared/problems/reconcile'
import { ProbeFailed } from '@cascata/shared/problems/upgrade'
import { lossesOf } from '../../adapters/project-facts.ts'
import { dbName, runtimeName } from '../../engine/spec.ts'
import { migrationsOf, whileUp } from '../../reconcile/projects/apply.ts'
import { wasReadOnly } from '../../reconcile/projects/document.ts'
import { containersOf, shapeAt, slotIn } from './containers.ts'
import type { Upgrade } from './upgrade.ts'
import type { Before } from './world.ts'

const READY_TIMEOUT_MS = 30_000
/** Losses shown; the log has no more. */
const SHOWN_MAX = 5

/** The new database answers, and is brought to what its release expects. */
export async function bringUp(upgrade: Upgrade): Promise<void> {
  const { run, ref, to } = upgrade
  const { engine, files, site, database } = run.deps.upgrade
  const { dbSocketDir, document } = site.paths.project(ref)
  await whileUp({ engine }, dbName(site, ref), (signal) =>
    database.waitUntilReady(dbSocketDir, { timeoutMs: READY_TIMEOUT_MS, signal }),
  )
  const { passwords } = await secretsOf(upgrade)
  await database.bootstrap(dbSocketDir, passwords, {
    // As it is: a disk that was full before is none the emptier now.
    readOnly: wasReadOnly(await files.read(document)),
    release: migrationsOf(site, await shapeAt(upgrade, to)),
  })
}

/** @throws ProbeFailed, ContainerEnded, RuntimeNotReady: with what is wrong. */
export async function probe(upgrade: Upgrade, before: Before): Promise<void> {
  const { run, ref } = upgrade
  const { engine, site, readiness, inspect } = run.deps.upgrade
  const { dbSocketDir, socket } = site.paths.project(ref)
  const { anonKey, passwords } = await secretsOf(upgrade)
  const slot = slotIn(await containersOf(upgrade))

  await whileUp({ engine }, runtimeName(site, ref, slot), async (signal) => {
    try {
      await readiness.waitUntilReady(socket(slot), { timeoutMs: READY_TIMEOUT_MS, signal })
    } catch (error) {
      throw error instanceof Problem ? error : RuntimeNotReady(ref).because(error)
    }
  })
  await inspect.asAuthenticator(dbSocketDir, passwords.authenticator).catch((error: unknown) => {
    throw ProbeFailed("the database does not let the runtime's role in").because(error)
  })
  const losses = lossesOf(before.facts, await inspect.facts(dbSocketDir))
  if (losses.length > 0) throw ProbeFailed(losses.slice(0, SHOWN_MAX).join(', '))
  assertAnswered(await inspect.rest(socket(slot), anonKey), before.rest)
  await inspect.reloadSchema(dbSocketDir)
  assertAnswered(await inspect.rest(socket(slot), anonKey), before.rest)
}

function assertAnswered(status: number | null, before: number | null): void {
  if (status === null) throw ProbeFailed('a request to the REST API is not answered')
  if (status >= 500) throw ProbeFailed(`a request to the REST API is answered ${status}`)
  const wasFine = before !== null && before < 500
  if (wasFine && status !== before)
    throw ProbeFailed(`a request to the REST API is answered ${status}; before it was ${before}`)
}

async function secretsOf({ run, ref }: Upgrade) {
  const row = await run.deps.store.projects.find(ref)
  if (!row) throw ProjectGone(ref)
  return run.deps.secrets.open(row)
}
