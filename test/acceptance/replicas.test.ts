/**
 * Several runtimes behind one name, under callers that never stop: added, replaced one by one, killed, taken away. None
 * of the callers notices.
 */
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { z } from 'zod'
import { apiFor } from '../harness/api.ts'
import { cliFor } from '../harness/cli.ts'
import { projectContainers } from '../harness/docker.ts'
import { askEngine } from '../harness/engine-api.ts'
import { eventually } from '../harness/eventually.ts'
import { localFetch } from '../harness/local-fetch.ts'
import { output } from '../harness/run.ts'
import { type SteadyLoad, steadyLoad } from '../harness/steady-load.ts'
import { Created } from './shapes.ts'

const REF = 'fleet'
const instance = inject('instance')
const cli = cliFor(instance.profile)
const api = apiFor(instance)
const fetch = localFetch(instance.httpPort)

const Replicas = z.object({
  min: z.number(),
  max: z.number(),
  wanted: z.number(),
  replicas: z.array(z.object({ slot: z.number(), state: z.string(), ready: z.boolean() })),
})
const Rows = z.array(z.object({ count: z.number() }))

let project: Created
let headers: Record<string, string>

beforeAll(async () => {
  project = await cli.json(
    Created,
    'projects',
    'create',
    'Fleet',
    '--ref',
    REF,
    '--template',
    'todo',
    '--wait',
  )
  headers = { apikey: project.service_role_key }
  await scale('3')
})

afterAll(async () => {
  await cli.run('projects', 'delete', REF, '--yes')
})

const scale = (range: string) => cli.json(Replicas, 'projects', 'scale', REF, range, '--wait')
const rest = (path: string, init: RequestInit = {}) =>
  fetch(`${project.url}/rest/v1/${path}`, {
    ...init,
    headers: { ...headers, 'content-type': 'application/json' },
  })
const reading = () => steadyLoad((signal) => rest('todos?select=id&limit=5', { signal }), 4)
const writing = () =>
  steadyLoad(
    (signal) =>
      rest('lists', { method: 'POST', body: JSON.stringify({ title: 'a list of the fleet' }), signal }),
    2,
  )

const runtimes = async () =>
  (await projectContainers(instance.name, REF)).filter(({ role }) => role === 'runtime')

async function countLists(): Promise<number> {
  const answer = await rest('lists?select=count()&title=eq.a%20list%20of%20the%20fleet')
  return Rows.parse(await answer.json())[0]?.count ?? -1
}

/** Ends the load: nobody was refused, and each write was done once. */
async function expectUnnoticed(reads: SteadyLoad, writes: SteadyLoad, before: number): Promise<void> {
  const [read, written] = await Promise.all([reads.stop(), writes.stop()])
  expect([read.failed, written.failed]).toEqual([[], []])
  expect(read.asked).toBeGreaterThan(50)
  expect(written.asked).toBeGreaterThan(25)
  expect(await countLists()).toBe(before + written.asked)
}

async function expectRestartUnnoticed(count: number): Promise<void> {
  const [before, old] = [await countLists(), await projectContainers(instance.name, REF)]
  expect(old.filter(({ role }) => role === 'runtime')).toHaveLength(count)
  const [reads, writes] = [reading(), writing()]
  await reads.more(20)
  const ran = await cli.run('projects', 'restart', REF, '--wait', '--json')
  expect([ran.code, ran.stderr.includes('sessions end')]).toEqual([0, false])
  await Promise.all([reads.more(50), writes.more(25)])
  await expectUnnoticed(reads, writes, before)
  const now = await projectContainers(instance.name, REF)
  const idsOf = (role: string, seen: typeof now) =>
    seen.filter((each) => each.role === role).map(({ id }) => id)
  expect(idsOf('db', now)).toEqual(idsOf('db', old))
  expect(idsOf('runtime', now)).toHaveLength(count)
  expect(idsOf('runtime', now).filter((id) => idsOf('runtime', old).includes(id))).toEqual([])
}

describe('three replicas', () => {
  test('all answer', async () => {
    expect((await cli.json(Replicas, 'projects', 'scale', REF)).replicas).toEqual(
      [1, 2, 3].map((slot) => ({ slot, state: 'running', ready: true })),
    )
    const reads = reading()
    await reads.more(60)
    expect((await reads.stop()).failed).toEqual([])
    for (const { name } of await runtimes()) {
      await eventually(10_000, async () => {
        const answered = (await output('docker', ['logs', name])).split('"path":"/rest/v1/todos"').length - 1
        expect(answered, name).toBeGreaterThan(5)
      })
    }
  })

  test('are replaced one by one without a request that fails', async () => {
    await cli.run('projects', 'settings', REF, '--set', 'aggregates=true', '--wait')
    const before = await eventually(10_000, countLists)
    const old = (await runtimes()).map(({ id }) => id)
    const [reads, writes] = [reading(), writing()]
    await reads.more(20)
    // A limit of the runtime alone: its containers are made anew, the database's is not.
    const database = (await projectContainers(instance.name, REF)).find(({ role }) => role === 'db')?.id
    await cli.json(z.unknown(), 'projects', 'limits', REF, '--memory', '300', '--wait')
    await Promise.all([reads.more(50), writes.more(25)])
    await expectUnnoticed(reads, writes, before)
    const now = await projectContainers(instance.name, REF)
    expect(now.filter(({ id }) => old.includes(id))).toEqual([])
    expect(now.find(({ role }) => role === 'db')?.id).toBe(database)
    expect(now.filter(({ role, state }) => role === 'runtime' && state === 'running')).toHaveLength(3)
  })

  test('are restarted one by one without a request that fails, and their database is not', async () => {
    await expectRestartUnnoticed(3)
  })

  test('lose one, and who reads does not see it; it comes back', async () => {
    const [victim] = await runtimes()
    const reads = reading()
    await reads.more(20)
    await askEngine('POST', `/containers/${victim?.name}/kill?signal=SIGKILL`)
    await eventually(20_000, async () => {
      const { replicas } = await cli.json(Replicas, 'projects', 'scale', REF)
      expect(replicas.filter(({ ready }) => ready)).toHaveLength(3)
    })
    await reads.more(30)
    const { asked, failed } = await reads.stop()
    expect(failed).toEqual([])
    expect(asked).toBeGreaterThan(50)
  })

  test('become one again without a request that fails', async () => {
    const before = await countLists()
    const [reads, writes] = [reading(), writing()]
    await reads.more(20)
    const { replicas } = await scale('1')
    expect(replicas).toHaveLength(1)
    await Promise.all([reads.more(50), writes.more(25)])
    await expectUnnoticed(reads, writes, before)
  })
})

test('one alone is restarted without a request that fails: the new one is there before the old one goes', async () => {
  await expectRestartUnnoticed(1)
})

test('how busy a project is stays hidden from outside, and is told to whoever is inside', async () => {
  const [runtime] = await runtimes()
  expect((await fetch(`${project.url}/health/load`)).status).toBe(404)
  const slot = runtime?.name.split('-').at(-1)
  const socket = `${instance.home}/run/${REF}/http/${slot}.sock`
  const ask = async () =>
    JSON.parse(await output('curl', ['-sS', '--unix-socket', socket, 'http://x/health/load']))
  await ask()
  expect((await ask()).load).toMatchObject({ utilization: expect.any(Number), under_way: expect.any(Number) })
})

test('a token that is tied to the project may not give it more', async () => {
  const made = await api.call('POST', '/v1/tokens', {
    body: { name: 'fleet', scope: 'admin', project_ref: REF },
  })
  const as = String(made.body.token)
  const path = `/v1/projects/${REF}/settings`
  const { headers: found } = await api.call('GET', path, { as })
  const etag = { 'if-match': found.get('etag') ?? '' }
  const refused = await api.call('PATCH', path, { as, body: { replicas: { max: 8 } }, headers: etag })
  expect([refused.status, refused.body.code]).toEqual([403, 'token-tied'])
})
