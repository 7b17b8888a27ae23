/**
 * A project that takes whatever it can get, inside its own containers: it comes to its limits, and its neighbour goes
 * on answering. Each abuse ends by itself after some seconds. How much slower the neighbour gets is measured by
 * `pnpm bench fairness`; here only that it answers.
 */
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { z } from 'zod'
import { cliFor } from '../harness/cli.ts'
import { inside } from '../harness/docker.ts'
import { eventually } from '../harness/eventually.ts'
import { localFetch } from '../harness/local-fetch.ts'
import { steadyLoad } from '../harness/steady-load.ts'
import { Created } from './shapes.ts'

const instance = inject('instance')
const cli = cliFor(instance.profile)
const fetch = localFetch(instance.httpPort)
const runtime = `${instance.name}-rogue-runtime-1`

const Disk = z.object({
  disk: z.object({ used_mb: z.number(), limit_mb: z.number().nullable(), state: z.string() }).nullable(),
  notices: z.array(z.object({ code: z.string() })),
})
const Refused = z.object({ code: z.string(), hint: z.string() })

let rogue: Created
let calm: Created

beforeAll(async () => {
  const make = (ref: string) =>
    cli.json(Created, 'projects', 'create', ref, '--ref', ref, '--template', 'todo', '--wait')
  ;[rogue, calm] = await Promise.all([make('rogue'), make('calm')])
})

afterAll(async () => {
  for (const ref of ['rogue', 'calm']) await cli.run('projects', 'delete', ref, '--yes')
})

const ask = ({ url, service_role_key }: Created, path = 'todos?select=id', init: RequestInit = {}) =>
  fetch(`${url}/rest/v1/${path}`, {
    ...init,
    headers: { apikey: service_role_key, 'content-type': 'application/json' },
  })

/** What the neighbour's callers saw while it went on. */
async function beside<Result>(abuse: () => Promise<Result>): Promise<Result> {
  const load = steadyLoad((signal) => ask(calm, undefined, { signal }), 2)
  const result = await abuse()
  await load.more(10)
  const { asked, failed } = await load.stop()
  expect(failed).toEqual([])
  expect(asked).toBeGreaterThan(10)
  return result
}

const script = (source: string) => inside(runtime, 'node', '--input-type=module', '-e', source)
const query = (sql: string) => cli.run('db', 'query', sql, '--project', 'rogue')

describe('beside a neighbour that answers all the while', () => {
  test('a fork bomb comes to the end of its processes', async () => {
    const { stdout } = await beside(() =>
      script(`
        import { spawn } from 'node:child_process'
        let failed = 0
        for (let left = 400; left > 0; left--) spawn('sleep', ['2']).on('error', () => { failed += 1 })
        setTimeout(() => { console.log(failed); process.exit() }, 1_500)
      `),
    )
    expect(Number(stdout)).toBeGreaterThan(200)
  })

  test('a memory hog is killed, and the project answers again', async () => {
    const { code } = await beside(() =>
      script('const kept = []; for (;;) kept.push(Buffer.alloc(16 * 1024 * 1024, 1))'),
    )
    expect(code).toBe(137)
    await eventually(20_000, async () => expect((await ask(rogue)).status).toBe(200))
  })

  test('a loop without end and endless queries use their share of the processors', async () => {
    const endless = 'select count(*) from generate_series(1, 1000000) a, generate_series(1, 1000000) b'
    const [, ...ran] = await beside(() =>
      Promise.all([
        script('const until = Date.now() + 3_000; while (Date.now() < until);'),
        ...[1, 2, 3].map(() => query(`set statement_timeout = '3s'; ${endless}`)),
      ]),
    )
    for (const { stderr } of ran) expect(stderr).toContain('statement timeout')
  })
})

describe('a project that fills its disk', () => {
  const TABLE =
    'create table public.fill (text text); alter table public.fill alter text set storage external'
  const FILL = 'insert into public.fill select repeat(md5(n::text), 160) from generate_series(1, 40000) n'
  const facts = () => cli.json(Disk, 'projects', 'get', 'rogue')
  const write = () => ask(rogue, 'lists', { method: 'POST', body: JSON.stringify({ title: 'one more' }) })

  test('can only be read, and says why; its neighbour notices nothing', async () => {
    await cli.json(z.unknown(), 'projects', 'limits', 'rogue', '--disk', '128', '--wait')
    expect((await write()).status).toBe(201)
    const answer = await beside(async () => {
      await query(TABLE)
      // Ended halfway, maybe: what it wrote by then stays on the disk.
      await query(FILL)
      return eventually(20_000, async () => {
        const refused = await write()
        expect(refused.status).toBe(507)
        return refused
      })
    })
    expect(Refused.parse(await answer.json())).toMatchObject({ code: 'disk-quota-reached' })
    expect(await facts()).toMatchObject({
      disk: { limit_mb: 128, state: 'full' },
      notices: [{ code: 'disk-quota-reached' }],
    })
    expect((await ask(rogue)).status).toBe(200)
    expect((await query('create table public.more (n int)')).stderr).toContain('read-only transaction')
  })

  test('makes room for itself, and may write again', async () => {
    expect((await query('begin read write; truncate public.fill; commit')).code).toBe(0)
    await eventually(20_000, async () => expect((await write()).status).toBe(201))
    expect((await query('create table public.more (n int)')).code).toBe(0)
    expect(await facts()).toMatchObject({ disk: { state: 'ok' }, notices: [] })
  })
})
