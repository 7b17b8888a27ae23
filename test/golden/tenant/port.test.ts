/** The steps of a new project's database, in the reconciler's order, each asked twice as after a crash. */

import { imageMigrations } from '@cascata/control/adapters/image-migrations'
import { tenantDatabase } from '@cascata/control/adapters/tenant-database'
import { dockerEngine } from '@cascata/control/engine/docker/engine'
import { sourceFolder, templatesAt } from '@cascata/templates'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { testConfig } from '../../harness/config.ts'
import { startPostgres, type TestPostgres } from '../../harness/postgres.ts'

const engine = dockerEngine({ socket: testConfig.dockerSocket, instance: 'golden' })
const templates = templatesAt(sourceFolder)
const database = tenantDatabase(templates, engine)
let pg: TestPostgres
beforeAll(async () => {
  pg = await startPostgres()
})
afterAll(() => pg.stop())

test('a new project’s database is ready, brought up to date and filled, once however often asked', async () => {
  for (const _again of [1, 2]) {
    await database.waitUntilReady(pg.socketDir, { timeoutMs: 5_000 })
    await database.bootstrap(pg.socketDir, pg.passwords, { readOnly: false, release: 'control' })
    await database.applyStarter(pg.socketDir, pg.passwords, 'todo')
  }
  expect([...(await pg.admin()`select count(*)::int as n from public.todos`)]).toEqual([{ n: 5 }])
})

test('the migrations in its image are those it was made with, and applying them again changes nothing', async () => {
  const { container } = pg
  expect(await imageMigrations(engine, container)).toEqual(await templates.tenantMigrations())
  await database.bootstrap(pg.socketDir, pg.passwords, { readOnly: false, release: { container } })
})

test('an absent server is told within the time', async () => {
  await expect(database.waitUntilReady(`${pg.socketDir}-absent`, { timeoutMs: 100 })).rejects.toMatchObject({
    code: 'database-unreachable',
  })
})

test('a starter that does not exist is told by its name', async () => {
  await expect(database.applyStarter(pg.socketDir, pg.passwords, 'nope')).rejects.toMatchObject({
    code: 'template-unknown',
  })
})
