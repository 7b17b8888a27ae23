/** Two controls on one home: the second ends and says why, and no lock outlives whoever had it. */
import { join } from 'node:path'
import postgres, { type Sql } from 'postgres'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { cliFor } from '../harness/cli.ts'
import { ControlContainer } from '../harness/control-container.ts'
import { containersOf, inside } from '../harness/docker.ts'
import { askEngine } from '../harness/engine-api.ts'
import { eventually } from '../harness/eventually.ts'
import { type Instance, startInstance, stopInstance } from '../harness/instance.ts'

const WITHIN_MS = 30_000

let instance: Instance
let control: ControlContainer
let second: ControlContainer
let meta: Sql
/** One connection of its own. */
let stranger: Sql

beforeAll(async () => {
  instance = await startInstance('cascata-two', 18_870)
  control = await ControlContainer.of(instance)
  second = control.beside('second')
  const toMeta = {
    path: join(instance.home, 'run/_meta/db/.s.PGSQL.5432'),
    ...{ user: 'supabase_admin', database: 'postgres', max: 1, onnotice: () => {}, backoff: () => 0.1 },
  }
  meta = postgres(toMeta)
  stranger = postgres(toMeta)
})

afterAll(async () => {
  await meta?.end({ timeout: 1 })
  await stranger?.end({ timeout: 1 })
  await second?.remove()
  if (instance) await stopInstance(instance)
})

const status = async () => (await cliFor(instance.profile).run('status')).code
const holder = async (): Promise<string | undefined> => {
  const [row] = await meta<{ name: string }[]>`select application_name as name
    from pg_locks join pg_stat_activity using (pid) where locktype = 'advisory' and granted`
  return row?.name
}
/** It answers before the last of its parts has started, and a database that goes meanwhile ends it. */
async function started(): Promise<void> {
  await control.start()
  await eventually(WITHIN_MS, async () => expect(await control.log()).toContain('"msg":"ready"'))
  // And one thing more: the link it would print.
  await eventually(WITHIN_MS, async () => expect(await status()).toBe(0))
}
/** But for the controls themselves. */
const containers = async () =>
  (await containersOf(instance.name)).filter(({ role }) => role !== 'control').map(({ id }) => id)

async function refused(): Promise<string> {
  expect(await second.untilDead(WITHIN_MS)).toEqual({ exitCode: 3, outOfMemory: false })
  const log = await second.log()
  expect(log).toContain('"code":"control-already-running"')
  expect(log).toContain('/problems/control-already-running')
  expect(log).not.toContain('"msg":"ready"')
  return log
}

describe('a second control', () => {
  test('ends before it touches anything, although it is set up otherwise, and the first goes on', async () => {
    const before = await containers()
    await second.begin(['CASCATA_HTTP_PORT=1', 'CASCATA_IMAGE_TAG=none'])
    expect(await refused()).toContain(`in charge of ${instance.home}`)
    expect(await containers()).toEqual(before)
    expect(await status()).toBe(0)
  })

  test('that does not see the first answer finds its lock, and names who has it', async () => {
    const at = join(instance.home, 'run/_control/http/1.sock')
    await inside(`${instance.name}-control`, 'mv', at, `${at}.away`)
    await second.begin()
    expect(await refused()).toContain(`on ${instance.name}-control, since`)
    await inside(`${instance.name}-control`, 'mv', `${at}.away`, at)
    expect(await status()).toBe(0)
  })

  test('is no obstacle to admin-link, which needs no lock', async () => {
    const said = await inside(`${instance.name}-control`, 'node', '/app/main.js', 'admin-link')
    expect([said.code, said.stdout]).toEqual([0, expect.stringContaining('Admin link')])
    expect(await holder()).toContain(`${instance.name}-control`)
  })
})

describe('the lock', () => {
  test('is gone with kill -9 of its holder: the next control starts at once', async () => {
    await started()
    await control.kill()
    // It asks for five seconds at most: a lock that outlived its holder would end it.
    await second.start()
    expect(await holder()).toContain('second')
    await second.kill()
    await started()
    expect(await holder()).not.toContain('second')
  })

  test('is had again after its database was killed, by a control that lives on', async () => {
    await askEngine('POST', `/containers/${instance.name}-meta/kill?signal=SIGKILL`)
    await eventually(WITHIN_MS, async () => expect(await holder()).toContain(`${instance.name}-control`))
    await eventually(WITHIN_MS, async () => expect(await status()).toBe(0))
    expect(await control.log()).not.toContain('control-already-running')
  })

  test('lost to somebody else ends the control that had it', async () => {
    const waiting = stranger`select pg_advisory_lock(7166243)`.execute()
    await eventually(WITHIN_MS, async () => {
      const rows = await meta`select from pg_locks where locktype = 'advisory' and not granted`
      expect(rows).toHaveLength(1)
    })
    await meta`select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and granted`
    await waiting
    expect((await control.untilDead(WITHIN_MS)).exitCode).toBe(3)
    expect(await control.log()).toContain('"code":"control-already-running"')
    await stranger`select pg_advisory_unlock_all()`
    await control.start()
  })
})
