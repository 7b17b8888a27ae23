/** A project's life over the wire: paused, resumed, restarted under load, re-keyed, deleted, brought back, repaired. */
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { z } from 'zod'
import { cliFor } from '../harness/cli.ts'
import { inside, mutationsSince, projectContainers } from '../harness/docker.ts'
import { eventually } from '../harness/eventually.ts'
import { localFetch } from '../harness/local-fetch.ts'
import { output } from '../harness/run.ts'
import { Created, ProjectFacts } from './shapes.ts'

const { name: instance, profile, httpPort } = inject('instance')
const cli = cliFor(profile)
const fetch = localFetch(httpPort)

let project: Created

beforeAll(async () => {
  project = await cli.json(
    Created,
    'projects',
    'create',
    'Life',
    '--ref',
    'life',
    '--template',
    'todo',
    '--wait',
  )
})

afterAll(async () => {
  await cli.run('projects', 'delete', 'life', '--yes')
})

const read = (key = project.service_role_key) =>
  fetch(`${project.url}/rest/v1/todos?select=*&limit=1`, { headers: { apikey: key } })

test('each of its containers is hardened', async () => {
  const seen = await projectContainers(instance, 'life')
  expect(seen.map(({ role }) => role).sort()).toEqual(['db', 'runtime'])
  for (const { name, role } of seen) {
    const [{ HostConfig, Config }] = JSON.parse(await output('docker', ['inspect', name])) as [
      { HostConfig: Record<string, unknown>; Config: { User: string; Env: string[] } },
    ]
    expect(HostConfig, name).toMatchObject({
      ReadonlyRootfs: true,
      CapDrop: ['ALL'],
      Privileged: false,
      Init: true,
    })
    expect(HostConfig.SecurityOpt).toContain('no-new-privileges')
    expect(HostConfig.CapAdd ?? []).toEqual([])
    expect(Number(HostConfig.Memory)).toBeGreaterThan(0)
    expect(Number(HostConfig.NanoCpus)).toBeGreaterThan(0)
    expect(Number(HostConfig.PidsLimit)).toBeGreaterThan(0)
    expect(HostConfig.NetworkMode).toBe(role === 'db' ? 'none' : `${instance}-egress`)
    expect(Number(Config.User.split(':')[0])).toBeGreaterThanOrEqual(200_000)
    for (const secret of [project.anon_key, project.service_role_key])
      expect(JSON.stringify(Config)).not.toContain(secret)
    const { stdout } = await inside(name, 'cat', '/proc/1/status')
    expect(stdout).toMatch(/CapEff:\s+0{16}/)
  }
})

describe('pause and resume', () => {
  test('a paused project uses no container and answers 503 with a problem', async () => {
    await cli.json(ProjectFacts, 'projects', 'pause', 'life', '--wait')
    const running = (await projectContainers(instance, 'life')).filter(({ state }) => state === 'running')
    expect(running).toEqual([])
    const answer = await read()
    expect(answer.status).toBe(503)
    expect(answer.headers.get('content-type')).toContain('application/problem+json')
  })

  test('a resumed one answers with its rows', async () => {
    await cli.json(ProjectFacts, 'projects', 'resume', 'life', '--wait')
    const answer = await read()
    expect(answer.status).toBe(200)
    expect(await answer.json()).toHaveLength(1)
  })
})

test('a restart of its database, too, loses no read, and is said to end sessions', async () => {
  let stopped = false
  const statuses: number[] = []
  const caller = async () => {
    while (!stopped) {
      statuses.push((await read()).status)
      await pause(5)
    }
  }
  const callers = [caller(), caller(), caller(), caller()]
  const before = await projectContainers(instance, 'life')
  const { stderr } = await cli.run('projects', 'restart', 'life', '--database', '--wait')
  expect(stderr).toContain('open sessions end')
  await eventually(60_000, async () => expect(statuses.length).toBeGreaterThan(50))
  stopped = true
  await Promise.all(callers)
  const after = await projectContainers(instance, 'life')
  const old = new Set(before.map(({ id }) => id))
  expect(after.map(({ role }) => role)).toEqual(['db', 'runtime'])
  expect(after.filter(({ id }) => old.has(id))).toEqual([])
  expect(statuses.filter((status) => status !== 200)).toEqual([])
})

test('new tables are served without a restart', async () => {
  await cli.run(
    'db',
    'query',
    'create table if not exists fresh (id int primary key); insert into fresh values (1) on conflict do nothing',
    '--project',
    'life',
  )
  const rows = await eventually(5_000, async () => {
    const answer = await fetch(`${project.url}/rest/v1/fresh`, {
      headers: { apikey: project.service_role_key },
    })
    expect(answer.status).toBe(200)
    return answer.json()
  })
  expect(rows).toEqual([{ id: 1 }])
})

test('rotated keys replace the old ones without a restart', async () => {
  const before = await projectContainers(instance, 'life')
  const old = project.service_role_key
  const keys = await cli.json(
    Created.pick({ anon_key: true, service_role_key: true }),
    'projects',
    'keys',
    'life',
    '--rotate',
  )
  project = { ...project, ...keys }
  await eventually(5_000, async () => expect((await read(old)).status).toBe(401))
  expect((await read()).status).toBe(200)
  expect((await projectContainers(instance, 'life')).map(({ id }) => id)).toEqual(before.map(({ id }) => id))
})

describe('drift', () => {
  test.each(['runtime', 'db'])('a removed %s container is back within 15 s, with the data', async (role) => {
    const victim = (await projectContainers(instance, 'life')).find((seen) => seen.role === role)
    await output('docker', ['rm', '-f', victim?.name ?? ''])
    await eventually(15_000, async () => {
      const answer = await read()
      expect(answer.status).toBe(200)
      expect(await answer.json()).toHaveLength(1)
      const back = (await projectContainers(instance, 'life')).find((seen) => seen.role === role)
      expect(back?.state).toBe('running')
      expect(back?.id).not.toBe(victim?.id)
    })
  })

  test('a removed edge comes back and serves', async () => {
    await output('docker', ['rm', '-f', `${instance}-edge`])
    await eventually(15_000, async () => expect((await read()).status).toBe(200))
  })

  test('a settled world is left alone', async () => {
    await pause(2_000)
    const since = Math.floor(Date.now() / 1000)
    await pause(22_000)
    // Who may use which processors is another matter, and changes with what the neighbours do.
    const changes = (await mutationsSince(instance, since)).filter(({ action }) => action !== 'update')
    expect(changes).toEqual([])
  })
})

describe('delete and restore', () => {
  test('a deleted project is gone for callers and keeps its data for a week', async () => {
    const deleted = await cli.json(
      ProjectFacts.extend({ purge_after: z.string() }),
      'projects',
      'delete',
      'life',
      '--yes',
      '--wait',
    )
    expect(Date.parse(deleted.purge_after) - Date.now()).toBeGreaterThan(6.9 * 86_400_000)
    expect((await read()).status).toBe(404)
    expect((await projectContainers(instance, 'life')).filter(({ state }) => state === 'running')).toEqual([])
  })

  test('restored, it answers with the same rows under the same keys', async () => {
    await cli.json(ProjectFacts, 'projects', 'restore', 'life', '--wait')
    expect((await read()).status).toBe(200)
  })
})
