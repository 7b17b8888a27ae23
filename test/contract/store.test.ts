/** The store against a real Postgres. */
import { ProjectLimits, ProjectSettings } from '@cascata/shared/contract/projects'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openTestStore, type TestStore } from './store.ts'

let on: TestStore
beforeAll(async () => {
  on = await openTestStore()
})
afterAll(() => on?.stop())

const entry = (target: string) => ({
  actor: 'system',
  action: 'test.write',
  target,
  detail: { n: 1, text: 'ü"\\' },
  requestId: 'r-1',
})
const project = (ref: string) => ({
  ref,
  name: ref,
  template: 'empty',
  desired: 'running' as const,
  limits: ProjectLimits.parse({ body_bytes_max: 1024 }),
  settings: ProjectSettings.parse({}),
  secrets: 'sealed',
})

describe('openStore', () => {
  test('opened again, it finds everything up to date', async () => {
    const again = await on.reopen()
    await again.ping()
    await again.close()
  })
})

describe('audit', () => {
  test('the chain holds under concurrent writers, without gaps', async () => {
    await Promise.all(
      Array.from({ length: 40 }, (_, at) => on.store.transaction((tx) => tx.audit.append(entry(`t${at}`)))),
    )
    const verdict = await on.store.audit.verify()
    expect(verdict).toMatchObject({ intact: true })
    expect(verdict.rows).toBeGreaterThanOrEqual(40)
  })

  test('a rolled-back change leaves no gap', async () => {
    const before = await on.store.audit.verify()
    await expect(
      on.store.transaction(async (tx) => {
        await tx.audit.append(entry('gone'))
        throw new Error('rolled back')
      }),
    ).rejects.toThrow('rolled back')
    await on.store.audit.append(entry('next'))
    const after = await on.store.audit.verify()
    expect(after).toMatchObject({ intact: true, rows: before.rows + 1 })
  })

  test.each([
    ['update', `update audit set actor = 'somebody else'`],
    ['delete', 'delete from audit'],
    ['truncate', 'truncate audit'],
    ['update as a replica', `set local session_replication_role = replica; update audit set actor = 'x'`],
  ])('%s is refused', async (_what, statement) => {
    await expect(on.sql.begin((sql) => sql.unsafe(statement))).rejects.toThrow('may only grow')
  })

  test('a row changed behind the triggers is found', async () => {
    const { rows } = await on.store.audit.verify()
    await on.sql.unsafe('alter table audit disable trigger user')
    await on.sql`update audit set detail = '{"n":2}' where seq = 2`
    expect(await on.store.audit.verify()).toEqual({ intact: false, rows: 1, brokenAt: 2 })
    await on.sql`update audit set detail = ${on.sql.json({ n: 1, text: 'ü"\\' })} where seq = 2`
    await on.sql.unsafe('alter table audit enable always trigger audit_refuse_change')
    await on.sql.unsafe('alter table audit enable always trigger audit_refuse_truncate')
    await on.sql.unsafe('alter table audit enable always trigger audit_seal')
    expect(await on.store.audit.verify()).toMatchObject({ intact: true, rows })
  })
})

describe('claims', () => {
  test('of 50 callers at the same moment exactly one gets it', async () => {
    await on.store.claims.insert({ hash: 'h', expiresAt: new Date(Date.now() + 60_000).toISOString() })
    const won = await Promise.all(Array.from({ length: 50 }, () => on.store.claims.claim('h')))
    expect(won.filter(Boolean)).toHaveLength(1)
  })

  test('an expired one is nobody’s', async () => {
    await on.store.claims.insert({ hash: 'old', expiresAt: new Date(Date.now() - 1_000).toISOString() })
    expect(await on.store.claims.claim('old')).toBeUndefined()
  })
})

describe('projects', () => {
  test('a ref is given once, and each project its own uid', async () => {
    const [a, again, b] = [
      await on.store.projects.insert(project('one')),
      await on.store.projects.insert(project('one')),
      await on.store.projects.insert(project('two')),
    ]
    expect(again).toBeUndefined()
    expect(a?.uid).toBeGreaterThanOrEqual(200_000)
    expect(b?.uid).not.toBe(a?.uid)
  })

  test('a change counts the generation up, and one based on an older reading is refused', async () => {
    await on.store.projects.insert(project('counted'))
    const changed = await on.store.projects.change('counted', { desired: 'paused' }, { expectGeneration: 1 })
    expect(changed).toMatchObject({ generation: 2, desired: 'paused' })
    expect(
      await on.store.projects.change('counted', { desired: 'running' }, { expectGeneration: 1 }),
    ).toBeUndefined()
  })

  test('what was seen before is not written again', async () => {
    await on.store.projects.insert(project('seen'))
    const version = async () => (await on.sql`select xmin::text from projects where ref = 'seen'`)[0]?.xmin
    const problem = { code: 'x', title: 'X', detail: 'x' }
    await on.store.projects.recordObserved('seen', { generation: 1, state: 'failing', problem })
    const first = await version()
    await on.store.projects.recordObserved('seen', { generation: 1, state: 'failing', problem })
    expect(await version()).toBe(first)
    await on.store.projects.recordObserved('seen', { generation: 1, state: 'running', problem: null })
    expect(await version()).not.toBe(first)
    expect(await on.store.projects.get('seen')).toMatchObject({
      observedGeneration: 1,
      observedState: 'running',
      lastProblem: null,
    })
  })

  test('one that an operation has in hand is listed with what that operation is', async () => {
    const [ref, id] = ['in-hand', crypto.randomUUID()]
    await on.store.projects.insert(project(ref))
    await on.store.operations.insert({ id, ref, kind: 'project.upgrade', actor: 'test' })
    const listed = async () => (await on.store.projects.list()).find((row) => row.ref === ref)
    expect(await listed()).toMatchObject({ importing: null, heldFor: null })
    await on.store.projects.change(ref, { importing: id })
    expect(await listed()).toMatchObject({ importing: id, heldFor: 'project.upgrade' })
    await on.store.operations.fail(id, { code: 'x', title: 'X', detail: 'x' })
  })

  test('a release is pinned once, and those at another one are counted', async () => {
    await on.store.projects.insert(project('unpinned'))
    await on.store.projects.pin('unpinned', '0.1.0')
    await on.store.projects.pin('unpinned', '0.2.0')
    expect(await on.store.projects.get('unpinned')).toMatchObject({ imageTag: '0.1.0' })
    const [here, elsewhere] = [
      await on.store.projects.countBehind('0.1.0'),
      await on.store.projects.countBehind('0.2.0'),
    ]
    expect(elsewhere - here).toBe(1)
    await on.store.projects.change('unpinned', { desired: 'deleted' })
    expect(await on.store.projects.countBehind('0.2.0')).toBe(elsewhere - 1)
  })

  test('pages hold every project once, newest first', async () => {
    for (let at = 0; at < 7; at++) await on.store.projects.insert(project(`page-${at}`))
    const all = (await on.store.projects.list()).map(({ ref }) => ref).reverse()
    const seen: string[] = []
    let cursor: string | undefined
    do {
      const page = await on.store.projects.page({ limit: 3, cursor })
      seen.push(...page.items.map(({ ref }) => ref))
      cursor = page.nextCursor ?? undefined
    } while (cursor !== undefined)
    expect(seen).toEqual(all)
  })
})

describe('operations', () => {
  const id = () => crypto.randomUUID()
  const fresh = (ref: string, generation: number | null) => ({
    id: id(),
    kind: generation === null ? ('backup.create' as const) : ('project.pause' as const),
    ref,
    generation,
    input: { sealed: 'v1.x' },
    actor: 'system',
  })

  test('steps are kept in order with their times, and a repeated one is not repeated', async () => {
    const row = await on.store.operations.insert(fresh('steps', null))
    await on.store.operations.start(row.id)
    for (const [name, status] of [
      ['dump', 'running'],
      ['dump', 'running'],
      ['dump', 'done'],
      ['seal', 'running'],
    ] as const) {
      await on.store.operations.step(row.id, name, status)
    }
    const { steps, status } = await on.store.operations.get(row.id)
    expect(status).toBe('running')
    expect(steps).toMatchObject([
      { name: 'dump', status: 'done', ended_at: expect.any(String) },
      { name: 'seal', status: 'running', ended_at: null },
    ])
  })

  test('a finished one is never written again, and forgets its input', async () => {
    const row = await on.store.operations.insert(fresh('finished', null))
    await on.store.operations.succeed(row.id, { bytes: 1 })
    await on.store.operations.fail(row.id, { code: 'x', title: 'X', detail: 'x' })
    await on.store.operations.start(row.id)
    expect(await on.store.operations.get(row.id)).toMatchObject({
      status: 'succeeded',
      result: { bytes: 1 },
      problem: null,
      input: {},
      progress: 1,
    })
  })

  test('an observed generation completes what waited for it, and nothing later', async () => {
    const early = await on.store.operations.insert(fresh('cycle', 2))
    const late = await on.store.operations.insert(fresh('cycle', 3))
    const job = await on.store.operations.insert(fresh('cycle', null))
    await on.store.operations.completeLifecycle('cycle', 2)
    const statusOf = async (row: { id: string }) => (await on.store.operations.get(row.id)).status
    expect([await statusOf(early), await statusOf(late), await statusOf(job)]).toEqual([
      'succeeded',
      'pending',
      'pending',
    ])
    expect((await on.store.operations.listOpen()).map((open) => open.id)).toEqual(
      expect.arrayContaining([late.id, job.id]),
    )
  })

  test('whoever watches hears of each committed change', async () => {
    const row = await on.store.operations.insert(fresh('watched', null))
    const heard = Promise.withResolvers<string>()
    const stop = await on.store.watchOperations((changed) => changed === row.id && heard.resolve(changed))
    await on.store.operations.progress(row.id, 0.5)
    expect(await heard.promise).toBe(row.id)
    await stop()
  })
})

describe('instance', () => {
  test('the first value stays', async () => {
    const kept = await Promise.all(['a', 'b', 'c'].map((value) => on.store.instance.insertOnce('key', value)))
    expect(new Set(kept).size).toBe(1)
    expect(await on.store.instance.get('key')).toBe(kept[0])
  })
})
