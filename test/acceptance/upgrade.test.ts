/**
 * Projects moved to another release and back, on real images and while requests come in: what comes up is kept, what
 * does not leaves everything as it was, and every write that was answered is there afterwards.
 *
 * On an instance of its own: `--all` means all.
 */
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { type Cli, cliFor } from '../harness/cli.ts'
import { testConfig } from '../harness/config.ts'
import { projectContainers } from '../harness/docker.ts'
import { eventually } from '../harness/eventually.ts'
import { makeRelease, migrationLine, removeReleases } from '../harness/images.ts'
import { type Instance, startInstance, stopInstance } from '../harness/instance.ts'
import { type LocalFetch, localFetch } from '../harness/local-fetch.ts'
import { output } from '../harness/run.ts'
import { Created, QueryAnswer } from './shapes.ts'

const OWN = testConfig.imageTag
const tag = (name: string) => `upgrade-test-${name}`
const [GOOD, ENDS, HARMS, MAJOR, PICKY] = ['good', 'ends', 'harms', 'major', 'picky'].map(tag) as [
  string,
  string,
  string,
  string,
  string,
]

const Release = z.object({ ref: z.string(), status: z.string(), image_tag: z.string(), behind: z.boolean() })
const Operations = z.array(
  z.object({
    kind: z.string(),
    ref: z.string(),
    status: z.string(),
    result: z.record(z.string(), z.unknown()).nullable(),
    problem: z.object({ code: z.string(), detail: z.string() }).nullable(),
  }),
)
const Refused = z.object({ error: z.object({ code: z.string(), message: z.string() }) })

let instance: Instance
let cli: Cli
let fetch: LocalFetch
let mover: Created

beforeAll(async () => {
  await makeRelease(GOOD, {
    postgres: [migrationLine('9001_moved', 'create table cascata.moved (n int);')],
    runtime: ['LABEL dev.cascata.test=good'],
  })
  // It changes rows and then does not come up: what it changed must be undone.
  await makeRelease(ENDS, {
    postgres: [
      migrationLine('9002_harm', "delete from public.marks; insert into public.marks values ('harm');"),
    ],
    runtime: ['CMD ["node", "-e", "process.exit(3)"]'],
  })
  await makeRelease(HARMS, { postgres: [migrationLine('9003_harm', 'delete from public.marks;')] })
  await makeRelease(MAJOR, { postgres: ['LABEL dev.cascata.postgres=18'] })
  await makeRelease(PICKY, {
    postgres: [
      migrationLine(
        '9004_picky',
        "do $$ begin if to_regclass('public.unloved') is not null then raise exception 'no'; end if; end $$;",
      ),
    ],
  })
  instance = await startInstance('cascata-upgrade', 18_640)
  cli = cliFor(instance.profile)
  fetch = localFetch(instance.httpPort)
  mover = await create('mover')
  await sql('mover', 'create table public.marks (id text primary key)')
})

afterAll(async () => {
  if (instance) await stopInstance(instance)
  await removeReleases(GOOD, ENDS, HARMS, MAJOR, PICKY)
})

const create = (ref: string): Promise<Created> =>
  cli.json(Created, 'projects', 'create', ref, '--ref', ref, '--wait')

async function sql(ref: string, text: string): Promise<void> {
  const ran = await cli.run('db', 'query', text, '--project', ref)
  if (ran.code !== 0) throw new Error(ran.stderr)
}

const releaseOf = (ref: string) => cli.json(Release, 'projects', 'get', ref)
const operationsOf = (ref: string) => cli.json(Operations, 'operations', 'list', ref)

async function imagesOf(ref: string): Promise<string[]> {
  const names = (await projectContainers(instance.name, ref)).map(({ name }) => name)
  const images = await output('docker', ['inspect', '--format', '{{.Config.Image}}', ...names])
  return images.trim().split('\n')
}

const marks = async (): Promise<string[]> => {
  const headers = { apikey: mover.service_role_key }
  const answer = await fetch(`${mover.url}/rest/v1/marks?select=id`, { headers })
  expect(answer.status).toBe(200)
  return ((await answer.json()) as { id: string }[]).map(({ id }) => id)
}

type Traffic = { written: string[]; refused: Map<number, number>; longestMs: number }

/** Writes from several callers for as long as the work takes, and a little before and after. */
async function underWrites(work: () => Promise<void>): Promise<Traffic> {
  const traffic: Traffic = { written: [], refused: new Map(), longestMs: 0 }
  let stopped = false
  let lastAt = performance.now()
  const caller = async (name: string) => {
    for (let at = 0; !stopped; at++) {
      const id = `${name}-${at}`
      const answer = await fetch(`${mover.url}/rest/v1/marks`, {
        method: 'POST',
        headers: { apikey: mover.service_role_key, 'content-type': 'application/json' },
        body: JSON.stringify({ id }),
      })
      const now = performance.now()
      if (answer.status === 201) {
        traffic.written.push(id)
        traffic.longestMs = Math.max(traffic.longestMs, now - lastAt)
        lastAt = now
      } else {
        traffic.refused.set(answer.status, (traffic.refused.get(answer.status) ?? 0) + 1)
        expect(answer.headers.get('retry-after'), String(answer.status)).toMatch(/^\d+$/)
        expect(answer.headers.get('content-type')).toContain('application/problem+json')
        await pause(100)
      }
      await pause(10)
    }
  }
  const run = crypto.randomUUID().slice(0, 8)
  const callers = [1, 2, 3, 4].map((n) => caller(`${run}-${n}`))
  await pause(300)
  await work()
  await eventually(60_000, async () => expect(traffic.written.length).toBeGreaterThan(50))
  stopped = true
  await Promise.all(callers)
  return traffic
}

/** Every write that was answered is there, and no caller heard of a failure other than to come again. */
async function expectKept(traffic: Traffic): Promise<void> {
  const there = new Set(await marks())
  expect(traffic.written.filter((id) => !there.has(id))).toEqual([])
  expect([...traffic.refused.keys()].filter((status) => status !== 503)).toEqual([])
}

const nothingLeft = async (ref: string) =>
  expect(await readdir(join(instance.home, 'projects', ref))).toEqual(['db'])

const tell = (what: string, { written, refused, longestMs }: Traffic, unavailableMs?: unknown) =>
  process.stderr.write(
    `${what}: ${written.length} writes answered, ${refused.get(503) ?? 0} told to come again, longest wait between two ` +
      `${Math.round(longestMs)} ms${unavailableMs === undefined ? '' : `, held for ${String(unavailableMs)} ms`}\n`,
  )

describe('a project', () => {
  test('comes to another release with its data, its migrations, and every write that was answered', async () => {
    expect(await releaseOf('mover')).toMatchObject({ image_tag: OWN, behind: false })
    const traffic = await underWrites(async () => {
      const upgraded = await cli.json(Release, 'projects', 'upgrade', 'mover', '--to', GOOD, '--wait')
      expect(upgraded).toMatchObject({ status: 'running', image_tag: GOOD, behind: true })
    })
    await expectKept(traffic)
    expect(await imagesOf('mover')).toEqual([`cascata-postgres:${GOOD}`, `cascata-runtime:${GOOD}`])
    const [operation] = await operationsOf('mover')
    expect(operation).toMatchObject({
      status: 'succeeded',
      result: { ref: 'mover', from: OWN, to: GOOD, unavailable_ms: expect.any(Number) },
    })
    tell('upgrade kept', traffic, operation?.result?.unavailable_ms)
    const query = "select count(*)::int from pg_class where relname = 'moved'"
    const found = await cli.json(QueryAnswer, 'db', 'query', query, '--project', 'mover')
    expect(found.results[0]?.rows).toEqual([[1]])
    await nothingLeft('mover')
  })

  test('is exactly as it was when the new release ends at once, and says why', async () => {
    const traffic = await underWrites(async () => {
      const ran = await cli.run('projects', 'upgrade', 'mover', '--to', ENDS, '--wait', '--json')
      expect(ran.code).not.toBe(0)
      expect(Refused.parse(JSON.parse(ran.stdout)).error).toMatchObject({ code: 'upgrade-undone' })
    })
    tell('upgrade undone', traffic)
    await expectKept(traffic)
    expect(await marks()).not.toContain('harm')
    const [operation] = await operationsOf('mover')
    expect(operation?.problem?.detail).toMatch(
      new RegExp(`put back to ${GOOD}.*-mover-runtime-\\d+ has ended with 3 before it was ready`),
    )
    expect(await releaseOf('mover')).toMatchObject({ status: 'running', image_tag: GOOD })
    expect(await imagesOf('mover')).toEqual([`cascata-postgres:${GOOD}`, `cascata-runtime:${GOOD}`])
    await nothingLeft('mover')
  })

  test('is exactly as it was when the new release loses rows, although it comes up', async () => {
    const before = (await marks()).sort()
    const ran = await cli.run('projects', 'upgrade', 'mover', '--to', HARMS, '--wait', '--json')
    expect(Refused.parse(JSON.parse(ran.stdout)).error).toMatchObject({ code: 'upgrade-undone' })
    expect(ran.stdout).toContain(`public.marks has 0 rows instead of ${before.length}`)
    expect((await marks()).sort()).toEqual(before)
    expect(await releaseOf('mover')).toMatchObject({ status: 'running', image_tag: GOOD })
  })

  test.each([
    ['another major version of Postgres', MAJOR, 'postgres-major-differs'],
    ['images that are not here', tag('absent'), 'image-missing'],
    ['the release it is at', GOOD, 'project-at-release'],
  ])('is not even stopped for %s', async (_what, to, code) => {
    const before = await projectContainers(instance.name, 'mover')
    const ran = await cli.run('projects', 'upgrade', 'mover', '--to', to, '--wait', '--json')
    expect(Refused.parse(JSON.parse(ran.stdout)).error).toMatchObject({ code })
    expect(await projectContainers(instance.name, 'mover')).toEqual(before)
  })
})

describe('all projects', () => {
  beforeAll(async () => {
    // The order in which they were made is the order of the waves.
    for (const ref of ['unloved', 'last']) await create(ref)
    await sql('unloved', 'create table public.unloved (n int)')
  })

  test('stop at the wave in which one fails, and leave the later ones alone', async () => {
    const ran = await cli.run(
      'projects',
      'upgrade',
      '--all',
      '--to',
      PICKY,
      '--wave',
      '2',
      '--wait',
      '--json',
    )
    const { code, message } = Refused.parse(JSON.parse(ran.stdout)).error
    expect(code).toBe('wave-failed')
    expect(message).toContain('unloved could not be upgraded')
    expect(message).toContain('1 more were not tried')
    const releases = await Promise.all(['mover', 'unloved', 'last'].map(releaseOf))
    expect(releases.map(({ image_tag }) => image_tag)).toEqual([PICKY, OWN, OWN])
    expect(releases.map(({ status }) => status)).toEqual(['running', 'running', 'running'])
    expect((await operationsOf('last')).map(({ kind }) => kind)).toEqual(['project.create'])
  })

  test('go on where they stopped, a paused one among them, which stays paused', async () => {
    await sql('unloved', 'drop table public.unloved')
    await cli.json(Release, 'projects', 'pause', 'unloved', '--wait')
    await cli.json(z.looseObject({}), 'projects', 'upgrade', '--all', '--to', PICKY, '--wave', '2', '--wait')
    const releases = await Promise.all(['mover', 'unloved', 'last'].map(releaseOf))
    expect(releases.map(({ image_tag }) => image_tag)).toEqual([PICKY, PICKY, PICKY])
    expect(releases.map(({ status }) => status)).toEqual(['running', 'paused', 'running'])
    expect(await cli.json(Release, 'projects', 'resume', 'unloved', '--wait')).toMatchObject({
      status: 'running',
    })
    for (const ref of ['mover', 'unloved', 'last']) await nothingLeft(ref)
  })
})
