/**
 * The instance's own databases are killed while control needs them. Control brings them back and lives on; what was
 * asked for comes about, once. Redis is also robbed of all it knew: it holds nothing that cannot be had again.
 */
import { randomUUID } from 'node:crypto'
import { readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import type { ApiRequest } from '../harness/control-api.ts'
import { creation, discard, done } from '../harness/crash-flows.ts'
import { settled } from '../harness/crash-run.ts'
import { CrashWorld } from '../harness/crash-world.ts'
import { containersOf } from '../harness/docker.ts'
import { askEngine } from '../harness/engine-api.ts'
import { eventually } from '../harness/eventually.ts'
import { type Instance, startInstance, stopInstance } from '../harness/instance.ts'

const WITHIN_MS = 60_000
/** Enough for a dump that takes a while. */
const MANY_ROWS = `create table public.many as select n, repeat(md5(n::text), 4) as text from generate_series(1, 250000) n`

type Part = 'redis' | 'meta'

let instance: Instance
let world: CrashWorld
let startedAt: string

beforeAll(async () => {
  instance = await startInstance('cascata-lost', 18_580)
  world = await CrashWorld.of(instance)
  await done(world, creation('large', 'empty'))
  const ran = await world.api.ask({
    method: 'POST',
    path: '/v1/projects/large/sql',
    json: { query: MANY_ROWS },
  })
  expect([ran.status, ran.body]).toEqual([200, expect.anything()])
  startedAt = await controlStartedAt()
})

afterAll(async () => {
  await world?.close()
  if (instance) await stopInstance(instance)
})

const Inspected = z.object({ State: z.object({ StartedAt: z.string() }) })

async function controlStartedAt(): Promise<string> {
  const { text } = await askEngine('GET', `/containers/${instance.name}-control/json`)
  return Inspected.parse(JSON.parse(text)).State.StartedAt
}

async function kill(part: Part): Promise<void> {
  if (part === 'redis') {
    const files = join(instance.home, 'system/redis')
    for (const name of await readdir(files)) await rm(join(files, name), { recursive: true })
  }
  await askEngine('POST', `/containers/${instance.name}-${part}/kill?signal=SIGKILL`)
}

const accepted = async (request: ApiRequest): Promise<void> => {
  const { status, body } = await world.api.ask({ key: randomUUID(), ...request })
  expect([status, body]).toEqual([202, expect.anything()])
}

/** Exactly these came of it, all is settled, and control is the one it was. */
const expectAll = (ref: string, kinds: readonly string[]): Promise<void> =>
  eventually(WITHIN_MS, async () => {
    expect(await world.wrongs()).toEqual([])
    const operations = (await world.operationsOf(ref)).map(({ kind, status, problem }) => ({
      ...{ kind, status, problem },
    }))
    expect(operations).toEqual(kinds.map((kind) => ({ kind, status: 'succeeded', problem: null })))
    expect((await world.auditedFor(ref)).filter((action) => kinds.includes(action))).toEqual(kinds)
    expect(await controlStartedAt()).toBe(startedAt)
  })

describe.each(['redis', 'meta'] as const)('%s killed', (part) => {
  test('while a project is made: it is made, once', async () => {
    const ref = `made-without-${part}`
    await accepted(creation(ref))
    await eventually(WITHIN_MS, async () =>
      expect((await containersOf(instance.name)).filter(({ project }) => project === ref)).not.toEqual([]),
    )
    await kill(part)
    await expectAll(ref, ['project.create'])
    await discard(world, ref)
    await settled(world)
  })

  test('right before a project is asked for: asked until there is an answer, it is made once', async () => {
    const ref = `asked-without-${part}`
    const request = { key: randomUUID(), ...creation(ref) }
    await kill(part)
    await eventually(WITHIN_MS, async () => expect((await world.api.ask(request)).status).toBeLessThan(500))
    await expectAll(ref, ['project.create'])
    await discard(world, ref)
    await settled(world)
  })

  test('and a backup is asked for until there is an answer: it is there, once', async () => {
    const before = (await world.operationsOf('large')).map(({ kind }) => kind)
    const request = {
      key: randomUUID(),
      method: 'POST',
      path: '/v1/projects/large/backups',
      json: {},
    } as const
    await kill(part)
    await eventually(WITHIN_MS, async () => expect((await world.api.ask(request)).status).toBe(202))
    await expectAll('large', [...before, 'backup.create'])
  })

  test('while a backup is written: it is there, whole, and so is the next one', async () => {
    const backups = async () => (await world.operationsOf('large')).map(({ kind }) => kind)
    const before = await backups()
    const folder = join(instance.home, 'backups/large')
    await accepted({ method: 'POST', path: '/v1/projects/large/backups', json: {} })
    await eventually(WITHIN_MS, async () =>
      expect((await readdir(folder)).filter((name) => name.endsWith('.partial'))).toHaveLength(1),
    )
    await kill(part)
    await expectAll('large', [...before, 'backup.create'])
    await accepted({ method: 'POST', path: '/v1/projects/large/backups', json: {} })
    await expectAll('large', [...before, 'backup.create', 'backup.create'])
    for (const name of await readdir(folder)) {
      const bytes = await readFile(join(folder, name))
      const verified = await world.api.ask({ method: 'POST', path: '/v1/backups/verify', bytes })
      expect([name, verified.status]).toEqual([name, 200])
    }
  })
})
