/** Asleep at no cost, awake for whoever asks: no request is lost, and none is done twice. */
import { existsSync } from 'node:fs'
import { appendFile, readlink, truncate, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { createClient } from '@supabase/supabase-js'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { z } from 'zod'
import { apiFor } from '../harness/api.ts'
import { cliFor } from '../harness/cli.ts'
import { mutationsSince, projectContainers } from '../harness/docker.ts'
import { eventually } from '../harness/eventually.ts'
import { localFetch } from '../harness/local-fetch.ts'
import { LocalWebSocket } from '../harness/local-web-socket.ts'
import { output } from '../harness/run.ts'
import { Created, QueryAnswer } from './shapes.ts'

const REF = 'sleepy'
const { name: instance, home, profile, httpPort } = inject('instance')
const cli = cliFor(profile)
const api = apiFor({ profile, httpPort })
const fetch = localFetch(httpPort)

const Facts = z.object({
  status: z.string(),
  desired: z.string(),
  last_active_at: z.string().nullable(),
  asleep_since: z.string().nullable(),
  woken_at: z.string().nullable(),
  wake_ms: z.number().nullable(),
})
const Titles = z.array(z.object({ title: z.string() }))

let project: Created

beforeAll(async () => {
  project = await cli.json(
    Created,
    ...['projects', 'create', 'Sleepy', '--ref', REF, '--template', 'todo', '--wait'],
  )
})

afterAll(async () => {
  await cli.run('projects', 'delete', REF, '--yes')
})

const facts = async () => Facts.parse((await api.call('GET', `/v1/projects/${REF}`)).body)
const running = async () =>
  (await projectContainers(instance, REF)).filter(({ state }) => state === 'running').map(({ role }) => role)

const ask = (path: string, init: { method?: string; body?: unknown } = {}) =>
  fetch(`${project.url}/rest/v1${path}`, {
    method: init.method ?? 'GET',
    headers: {
      apikey: project.service_role_key,
      'content-type': 'application/json',
      prefer: 'return=representation',
    },
    ...(init.body === undefined ? {} : { body: JSON.stringify(init.body) }),
  })

const add = (title: string) => ask('/lists', { method: 'POST', body: { title } })

/** How often each title is there. */
async function titlesLike(pattern: string): Promise<Map<string, number>> {
  const answer = await ask(`/lists?select=title&title=like.${pattern}`)
  const rows = Titles.parse(await answer.json())
  return new Map([...Map.groupBy(rows, ({ title }) => title)].map(([title, all]) => [title, all.length]))
}

/** Returns when it sleeps. */
async function putToSleep(): Promise<void> {
  const { status } = await api.call('POST', `/v1/projects/${REF}/sleep`)
  expect(status).toBe(202)
  await eventually(15_000, async () => {
    expect(await running()).toEqual([])
    expect((await facts()).status).toBe('asleep')
  })
}

const cgroupsOf = (id: string) => [
  `/sys/fs/cgroup/memory/docker/${id}`,
  `/sys/fs/cgroup/docker/${id}`,
  `/sys/fs/cgroup/system.slice/docker-${id}.scope`,
]

describe('a project that is put to sleep', () => {
  test('has no process and no memory, and the edge is told nothing of it', async () => {
    const before = await readlink(join(home, 'edge/current'))
    const awake = await projectContainers(instance, REF)
    expect(awake.map(({ id }) => cgroupsOf(id).some(existsSync))).toEqual([true, true])
    const { status, desired } = await cli.json(Facts, 'projects', 'sleep', REF, '--wait')
    expect([status, desired]).toEqual(['asleep', 'running'])
    expect(await running()).toEqual([])
    const asleep = await projectContainers(instance, REF)
    expect(asleep.map(({ id }) => cgroupsOf(id).some(existsSync))).toEqual([false, false])
    expect(await readlink(join(home, 'edge/current'))).toBe(before)
  })

  test('answers fifty first requests at once, each with a body, once each, with one start', async () => {
    const since = Math.floor(Date.now() / 1000)
    const titles = Array.from({ length: 50 }, (_, at) => `first ${at}`)
    const answers = await Promise.all(titles.map(add))
    expect(answers.map(({ status }) => status)).toEqual(titles.map(() => 201))
    const bodies = await Promise.all(
      answers.map(async (answer) => Titles.parse(await answer.json())[0]?.title),
    )
    expect(bodies).toEqual(titles)
    expect(await titlesLike('first*')).toEqual(new Map(titles.map((title) => [title, 1])))
    const starts = (await mutationsSince(instance, since)).filter(({ action }) => action === 'start')
    expect(starts.map(({ name }) => name).sort()).toEqual([
      `${instance}-${REF}-db`,
      `${instance}-${REF}-runtime-1`,
    ])
  })

  test('says when it was woken, how long that took, and when it was last in use', async () => {
    const { status, asleep_since, woken_at, wake_ms, last_active_at } = await facts()
    expect([status, asleep_since]).toEqual(['running', null])
    expect(wake_ms).toBeGreaterThan(0)
    expect(Date.parse(last_active_at ?? '')).toBeGreaterThanOrEqual(Date.parse(woken_at ?? '') - 1_000)
    const { stdout } = await cli.run('projects', 'list')
    expect(stdout).toMatch(/LAST ACTIVE/)
  })

  test('wakes for SQL through control', async () => {
    await putToSleep()
    const { results } = await cli.json(QueryAnswer, 'db', 'query', 'select 7 as n', '--project', REF)
    expect(results[0]?.rows).toEqual([[7]])
    await eventually(10_000, async () => expect((await facts()).status).toBe('running'))
  })

  test('wakes for a backup, and stays awake until that is done', async () => {
    await putToSleep()
    const { code, stderr } = await cli.run('backups', 'create', REF, '--wait')
    expect([code, stderr]).toEqual([0, expect.anything()])
    expect((await running()).sort()).toEqual(['db', 'runtime'])
  })

  test('wakes by a command', async () => {
    await putToSleep()
    const woken = await cli.json(Facts, 'projects', 'wake', REF, '--wait')
    expect(woken).toMatchObject({ status: 'running', asleep_since: null })
    expect((await ask('/lists?limit=1')).status).toBe(200)
  })

  test('keeps what was changed meanwhile', async () => {
    await putToSleep()
    await cli.run('projects', 'settings', REF, '--set', 'maxRows=1', '--wait')
    expect(await running()).toEqual([])
    expect(Titles.parse(await (await ask('/lists')).json())).toHaveLength(1)
    await cli.run('projects', 'settings', REF, '--set', 'maxRows=null', '--wait')
  })
})

test('requests that come while it falls asleep are answered, once each', async () => {
  let isOver = false
  let count = 0
  const statuses: number[] = []
  const caller = async () => {
    while (!isOver) statuses.push((await add(`falling ${count++}`)).status)
  }
  const callers = [caller(), caller(), caller(), caller()]
  for (let times = 0; times < 3; times++) {
    const stoppedBefore = (await facts()).woken_at
    await api.call('POST', `/v1/projects/${REF}/sleep`)
    await eventually(20_000, async () => expect((await facts()).woken_at).not.toBe(stoppedBefore))
  }
  // On a busy machine few get through in that time.
  await eventually(60_000, async () => expect(statuses.length).toBeGreaterThan(20))
  isOver = true
  await Promise.all(callers)
  expect(statuses.filter((status) => status !== 201)).toEqual([])
  const found = await titlesLike('falling*')
  expect([found.size, [...found.values()].filter((times) => times !== 1)]).toEqual([statuses.length, []])
})

test('a request to a runtime that was killed waits for the next one', async () => {
  await output('docker', ['kill', `${instance}-${REF}-runtime-1`])
  expect((await add('after the kill')).status).toBe(201)
  expect(await titlesLike('after the kill')).toEqual(new Map([['after the kill', 1]]))
})

/** What was asked before may be written down after this: it is, once, within seconds. */
async function lookUnused(seconds: number): Promise<void> {
  const then = new Date(Date.now() - seconds * 1_000)
  await utimes(join(home, 'run', REF, 'http/active'), then, then)
}

test('falls asleep by itself when nobody has used it for its time, and not before', async () => {
  await cli.run('projects', 'settings', REF, '--set', 'sleep.afterMinutes=1', '--wait')
  expect((await running()).length).toBe(2)
  await eventually(60_000, async () => {
    await lookUnused(120)
    expect((await facts()).status).toBe('asleep')
  })
  expect(await running()).toEqual([])
  expect((await ask('/lists?limit=1')).status).toBe(200)
  await cli.run('projects', 'settings', REF, '--set', 'sleep.afterMinutes=never', '--wait')
})

test('an open realtime connection wakes it, and keeps it awake until it is closed', async () => {
  await cli.run('projects', 'settings', REF, '--set', 'sleep.afterMinutes=1', '--wait')
  await putToSleep()
  let opened = 0
  class Counted extends LocalWebSocket {
    constructor(address: string | URL, protocols?: string | string[]) {
      super(address, protocols)
      opened += 1
    }
  }
  const transport = Counted as unknown as typeof WebSocket
  const { realtime } = createClient(project.url, project.anon_key, { realtime: { transport } })
  realtime.connect()
  await eventually(20_000, async () => expect(realtime.isConnected()).toBe(true))
  const reason = await new Promise<string>((resolve) => {
    realtime.channel('room').subscribe((status, error) => {
      if (status === 'CHANNEL_ERROR') resolve(String(error))
    })
  })
  expect(reason).toContain('ChannelsNotThere')
  // Its minute would be over long before this is, and who is unused is looked for every ten seconds.
  await lookUnused(50)
  await pause(30_000)
  expect((await running()).sort()).toEqual(['db', 'runtime'])
  // The client would come again by itself: it never had to.
  expect([realtime.isConnected(), opened]).toEqual([true, 1])
  const beats: string[] = []
  realtime.onHeartbeat((status) => beats.push(status))
  await realtime.sendHeartbeat()
  await eventually(5_000, async () => expect(beats).toContain('ok'))

  await realtime.disconnect()
  await eventually(60_000, async () => {
    await lookUnused(120)
    expect((await facts()).status).toBe('asleep')
  })
  await cli.run('projects', 'settings', REF, '--set', 'sleep.afterMinutes=never', '--wait')
})

test('a start that fails is a 503 that says when to come back, and what follows is mended', async () => {
  await putToSleep()
  const settings = join(home, 'projects', REF, 'db/data/postgresql.auto.conf')
  await appendFile(settings, 'this is no setting\n')
  const answers = await Promise.all([add('lost 1'), add('lost 2'), ask('/lists?limit=1')])
  for (const answer of answers) {
    expect(answer.status).toBe(503)
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(answer.headers.get('content-type')).toContain('application/problem+json')
    expect(await answer.json()).toMatchObject({ code: 'project-wake-failed', status: 503 })
  }
  await truncate(settings)
  await eventually(60_000, async () => expect((await add('found')).status).toBe(201))
  expect(await titlesLike('lost*')).toEqual(new Map())
})
