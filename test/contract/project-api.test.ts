/** Control asks a project's real runtime, over its socket, what its API offers. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describeProjectApi } from '@cascata/control/adapters/project-api'
import type { AppDeps } from '@cascata/control/app/ports'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startPostgres, type TestPostgres } from '../harness/postgres.ts'
import { startTestRuntime, type TestRuntime } from '../harness/runtime.ts'

let pg: TestPostgres
let folder: string
let runtime: TestRuntime | undefined
let describeApi: AppDeps['describeApi']

beforeAll(async () => {
  pg = await startPostgres()
  await pg
    .as('postgres')
    .unsafe('create table open (id int); create table closed (id int); revoke all on closed from anon')
    .simple()
  folder = await mkdtemp(join(tmpdir(), 'cascata-api-'))
  describeApi = describeProjectApi({
    httpDirOf: () => folder,
    secretsOf: async () => ({
      ...{ jwtSecret: '', passwords: pg.passwords },
      ...{ anonKey: runtime?.keys.anon ?? '', serviceRoleKey: runtime?.keys.service ?? '' },
    }),
  })
})
afterAll(async () => {
  await runtime?.stop()
  await pg?.stop()
  await rm(folder, { recursive: true })
})

test('without a runtime it is not ready', async () => {
  await expect(describeApi('shop', { role: 'anon' })).rejects.toMatchObject({ code: 'project-not-ready' })
})

test('each role is told what it may do, and a schema that is not exposed is a problem', async () => {
  runtime = await startTestRuntime(pg, {}, join(folder, '2.sock'))
  const paths = async (role: 'anon' | 'service_role') =>
    Object.keys((await describeApi('shop', { role })).paths ?? {}).filter((path) => path.startsWith('/rest/'))
  expect(await paths('anon')).toEqual(['/rest/v1/open'])
  expect(await paths('service_role')).toEqual(['/rest/v1/closed', '/rest/v1/open'])
  await expect(describeApi('shop', { role: 'anon', schema: 'auth' })).rejects.toMatchObject({
    code: 'schema-unknown',
  })
})

test('where descriptions are off that is said', async () => {
  await runtime?.stop()
  runtime = await startTestRuntime(pg, { openapiMode: 'disabled' }, join(folder, '2.sock'))
  await expect(describeApi('shop', { role: 'anon' })).rejects.toMatchObject({ code: 'api-not-described' })
})
