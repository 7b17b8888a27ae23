/**
 * What the crash matrix cuts: each flow with the effects it consists of, how it is begun, and what has come of it when
 * all is well again.
 */
import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Step } from '@cascata/control/reconcile/effects'
import { expect } from 'vitest'
import { z } from 'zod'
import { testConfig } from './config.ts'
import type { ApiRequest } from './control-api.ts'
import { clientsOf, type DirectClient, isReached } from './crash-clients.ts'
import { EFFECTS, type FlowName, RELEASES } from './crash-cuts.ts'
import type { CrashWorld, OperationFacts, TableFacts } from './crash-world.ts'
import { eventually } from './eventually.ts'

export type Flow = {
  /** All it does to the world, in no order. */
  effects: readonly Step[]
  /** Brings about what it begins with; without it, it begins with nothing. */
  arrange?(ref: string): Promise<void>
  /** What arranges it goes through the effects that are cut: by a control that is not to be killed. */
  apart?: true
  /** Done between one control and the next. */
  whileAway?(ref: string): Promise<void>
  /** What is asked of the API; without it, time does it. */
  request?(ref: string): ApiRequest
  /** The operation that stands for it, and how it must end. */
  operation?: Pick<OperationFacts, 'kind' | 'status' | 'problem'>
  /** @throws while the outcome is not there. */
  check(ref: string): Promise<void>
  /** Makes room for the next one; need not wait. */
  clear(ref: string): Promise<void>
}

/** What an import fills its project with, and must find there again. */
export type Source = { archive: Buffer; tables: readonly TableFacts[] }
export type Sources = { whole: Source; unrestorable: Source; starter: readonly TableFacts[] }

const Project = z.object({ status: z.string() })
const Release = z.object({ image_tag: z.string() })
const Keys = z.object({ service_role_key: z.string() })

export class CrashFlows {
  readonly #world: CrashWorld
  readonly #sources: Sources
  /** What was there before an upgrade, and where it is to go. */
  readonly #before = new Map<string, { tables: TableFacts[]; from: string; to: string }>()

  constructor(world: CrashWorld, sources: Sources) {
    this.#world = world
    this.#sources = sources
  }

  of(name: FlowName): Flow {
    const flows: Record<FlowName, () => Flow> = {
      create: () => this.#create(),
      pause: () => this.#pause(),
      sleep: () => this.#sleep(),
      wake: () => this.#wake(),
      delete: () => this.#delete(),
      purge: () => this.#purge(),
      import: () => this.#import(),
      refuse: () => this.#refuse(),
      expose: () => this.#expose(),
      rotate: () => this.#rotate(),
      upgrade: () => this.#upgrade(),
      undo: () => this.#undo(),
    }
    return flows[name]()
  }

  #create(): Flow {
    return {
      effects: EFFECTS.create,
      request: (ref) => creation(ref),
      operation: { kind: 'project.create', status: 'succeeded', problem: null },
      check: async (ref) => {
        const counts = (facts: readonly TableFacts[]) => facts.map(({ name, rows }) => ({ name, rows }))
        expect(counts(await this.#world.tablesOf(ref))).toEqual(counts(this.#sources.starter))
        await this.#serves(ref, this.#sources.starter)
      },
      clear: (ref) => discard(this.#world, ref),
    }
  }

  #pause(): Flow {
    return {
      effects: EFFECTS.pause,
      arrange: (ref) => this.#stands(ref),
      request: (ref) => ({ method: 'POST', path: `/v1/projects/${ref}/pause` }),
      operation: { kind: 'project.pause', status: 'succeeded', problem: null },
      check: (ref) => this.#isNot(ref, { status: 'paused', answer: 503 }),
      clear: async () => {},
    }
  }

  #sleep(): Flow {
    return {
      effects: EFFECTS.sleep,
      arrange: (ref) => this.#stands(ref),
      request: (ref) => ({ method: 'POST', path: `/v1/projects/${ref}/sleep` }),
      operation: { kind: 'project.sleep', status: 'succeeded', problem: null },
      // Whoever asked the project itself would wake it.
      check: (ref) => this.#is(ref, 'asleep'),
      clear: async () => {},
    }
  }

  #wake(): Flow {
    return {
      effects: EFFECTS.wake,
      arrange: async (ref) => {
        await this.#stands(ref)
        await done(this.#world, { method: 'POST', path: `/v1/projects/${ref}/sleep` })
      },
      request: (ref) => ({ method: 'POST', path: `/v1/projects/${ref}/wake` }),
      operation: { kind: 'project.wake', status: 'succeeded', problem: null },
      check: async (ref) => {
        await this.#is(ref, 'running')
        expect((await this.#world.api.project(ref, '/rest/v1/', 'any')).status).toBe(401)
      },
      clear: async () => {},
    }
  }

  #delete(): Flow {
    return {
      effects: EFFECTS.delete,
      arrange: (ref) => this.#stands(ref),
      request: (ref) => ({ method: 'DELETE', path: `/v1/projects/${ref}` }),
      operation: { kind: 'project.delete', status: 'succeeded', problem: null },
      check: (ref) => this.#isNot(ref, { status: 'deleted', answer: 404 }),
      clear: async () => {},
    }
  }

  #purge(): Flow {
    return {
      effects: EFFECTS.purge,
      arrange: async (ref) => {
        await done(this.#world, creation(ref, 'empty'))
        await done(this.#world, { method: 'DELETE', path: `/v1/projects/${ref}` })
      },
      whileAway: (ref) => this.#world.expire(ref),
      check: (ref) => this.#isGone(ref),
      clear: async () => {},
    }
  }

  #import(): Flow {
    const { archive, tables } = this.#sources.whole
    return {
      effects: EFFECTS.import,
      request: (ref) => importing(ref, archive),
      operation: { kind: 'project.import', status: 'succeeded', problem: null },
      check: async (ref) => {
        expect(await this.#world.tablesOf(ref)).toEqual(tables)
        await this.#serves(ref, tables)
      },
      clear: (ref) => discard(this.#world, ref),
    }
  }

  #refuse(): Flow {
    return {
      effects: EFFECTS.refuse,
      request: (ref) => importing(ref, this.#sources.unrestorable.archive),
      operation: { kind: 'project.import', status: 'failed', problem: 'restore-failed' },
      check: (ref) => this.#isGone(ref),
      clear: async () => {},
    }
  }

  /** Who sends it again after it was written has read the settings before, and is told so. */
  #expose(): Flow {
    let etag = ''
    return {
      effects: EFFECTS.expose,
      apart: true,
      arrange: async (ref) => {
        await this.#stands(ref)
        await this.#setOpen(ref, false)
        etag = await this.#world.api.etag(`/v1/projects/${ref}/settings`)
      },
      request: (ref) => exposing(ref, { enabled: true, ifMatch: etag }),
      operation: { kind: 'project.update', status: 'succeeded', problem: null },
      check: (ref) => isReached(this.#world, ref),
      clear: (ref) => this.#setOpen(ref, false),
    }
  }

  async #setOpen(ref: string, enabled: boolean): Promise<void> {
    await done(this.#world, exposing(ref, { enabled, ifMatch: '*' }))
    await eventually(30_000, async () => expect(await this.#world.wrongs()).toEqual([]))
  }

  /** Whoever came in by the old password, on either port, is out. */
  #rotate(): Flow {
    let inside: DirectClient[] = []
    return {
      effects: EFFECTS.rotate,
      apart: true,
      arrange: async (ref) => {
        await this.#stands(ref)
        await this.#setOpen(ref, true)
        inside = await clientsOf(this.#world, ref)
      },
      request: (ref) => ({ method: 'POST', path: `/v1/projects/${ref}/rotate-db-password` }),
      operation: { kind: 'project.rotate-db-password', status: 'succeeded', problem: null },
      check: async (ref) => {
        expect(inside.map((client) => client.isOut())).toEqual([true, true])
        await isReached(this.#world, ref)
      },
      clear: async (ref) => {
        for (const client of inside) await client.end()
        await this.#setOpen(ref, false)
      },
    }
  }

  /** There and back again: each time to the release that it is not at. */
  #upgrade(): Flow {
    return {
      effects: EFFECTS.upgrade,
      arrange: (ref) =>
        this.#remember(ref, (at) => (at === RELEASES.good ? testConfig.imageTag : RELEASES.good)),
      request: (ref) => upgrading(ref, this.#remembered(ref).to),
      operation: { kind: 'project.upgrade', status: 'succeeded', problem: null },
      check: (ref) => this.#isAt(ref, this.#remembered(ref).to),
      clear: async () => {},
    }
  }

  #undo(): Flow {
    return {
      effects: EFFECTS.undo,
      arrange: (ref) => this.#remember(ref, () => RELEASES.bad),
      request: (ref) => upgrading(ref, this.#remembered(ref).to),
      operation: { kind: 'project.upgrade', status: 'failed', problem: 'upgrade-undone' },
      check: (ref) => this.#isAt(ref, this.#remembered(ref).from),
      clear: async () => {},
    }
  }

  async #remember(ref: string, next: (at: string) => string): Promise<void> {
    await this.#stands(ref)
    const { image_tag: from } = await this.#world.api.get(Release, `/v1/projects/${ref}`)
    this.#before.set(ref, { tables: await this.#world.tablesOf(ref), from, to: next(from) })
  }

  #remembered(ref: string) {
    const found = this.#before.get(ref)
    if (!found) throw new Error(`nothing is remembered of ${ref}`)
    return found
  }

  /** Its release is this one, and its rows are those from before. */
  async #isAt(ref: string, release: string): Promise<void> {
    const { tables } = this.#remembered(ref)
    expect(await this.#world.api.get(Release, `/v1/projects/${ref}`)).toEqual({ image_tag: release })
    expect(await this.#world.tablesOf(ref)).toEqual(tables)
    await this.#serves(ref, tables)
  }

  /** It is made once, and brought back each time. */
  async #stands(ref: string): Promise<void> {
    const { status, body } = await this.#world.api.ask({ method: 'GET', path: `/v1/projects/${ref}` })
    const state = status === 200 ? Project.parse(body).status : 'absent'
    const post = (verb: string): ApiRequest => ({ method: 'POST', path: `/v1/projects/${ref}/${verb}` })
    if (state === 'absent') await done(this.#world, creation(ref))
    if (state === 'asleep') await done(this.#world, post('wake'))
    if (state === 'paused') await done(this.#world, post('resume'))
    if (state === 'deleted') await done(this.#world, post('undelete'))
  }

  /** Its API gives every row of its largest table, and no half-made database stands beside it. */
  async #serves(ref: string, tables: readonly TableFacts[]): Promise<void> {
    const { api } = this.#world
    expect(await api.get(Project, `/v1/projects/${ref}`)).toEqual({ status: 'running' })
    expect(await this.#world.databasesOf(ref)).toEqual(['postgres', 'template0', 'template1'])
    const { service_role_key: key } = await api.get(Keys, `/v1/projects/${ref}/keys`)
    const [largest] = tables.toSorted((a, b) => b.rows - a.rows)
    const answer = await api.project(ref, `/rest/v1/${largest?.name}?select=*`, key)
    expect([answer.status, Array.isArray(answer.body) && answer.body.length]).toEqual([200, largest?.rows])
  }

  async #is(ref: string, status: string): Promise<void> {
    expect(await this.#world.api.get(Project, `/v1/projects/${ref}`)).toEqual({ status })
  }

  async #isNot(ref: string, { status, answer }: { status: string; answer: number }): Promise<void> {
    await this.#is(ref, status)
    expect((await this.#world.api.project(ref, '/rest/v1/', 'any')).status).toBe(answer)
  }

  async #isGone(ref: string): Promise<void> {
    expect((await this.#world.api.ask({ method: 'GET', path: `/v1/projects/${ref}` })).status).toBe(404)
    expect((await this.#world.api.project(ref, '/rest/v1/', 'any')).status).toBe(404)
  }
}

export const creation = (ref: string, template = 'todo'): ApiRequest => ({
  method: 'POST',
  path: '/v1/projects',
  json: { name: ref, ref, template },
})

const importing = (ref: string, bytes: Buffer): ApiRequest => ({
  method: 'POST',
  path: `/v1/projects/import?ref=${ref}`,
  bytes,
})

type Exposing = { enabled: boolean; ifMatch: string }
const exposing = (ref: string, { enabled, ifMatch }: Exposing): ApiRequest => ({
  method: 'PATCH',
  path: `/v1/projects/${ref}/settings`,
  ifMatch,
  json: { direct: { enabled } },
})

const upgrading = (ref: string, to: string): ApiRequest => ({
  method: 'POST',
  path: `/v1/projects/${ref}/upgrade`,
  json: { image_tag: to },
})

const Accepted = z.object({ operation: z.object({ id: z.string() }) })
const Operation = z.object({ status: z.string(), result: z.unknown() })

/** Asks for it and waits until it has succeeded. @returns the operation's result. */
export async function done({ api }: CrashWorld, request: ApiRequest): Promise<unknown> {
  const { status, body } = await api.ask({ key: randomUUID(), ...request })
  expect([status, body]).toEqual([202, expect.anything()])
  const { operation } = Accepted.parse(body)
  return eventually(30_000, async () => {
    const now = await api.get(Operation, `/v1/operations/${operation.id}`)
    expect(now).toMatchObject({ status: 'succeeded' })
    return now.result
  })
}

/** Deletes it, and its files with it. */
export async function discard(world: CrashWorld, ref: string): Promise<void> {
  const { status, body } = await world.api.ask({ method: 'DELETE', path: `/v1/projects/${ref}` })
  expect([status, body]).toEqual([202, expect.anything()])
  await world.expire(ref)
}

/** A project's archive, of the SQL that is run in it first; the project goes. */
export async function archiveOf(world: CrashWorld, ref: string, sql: string): Promise<Source> {
  await done(world, creation(ref, 'shop'))
  const ran = await world.api.ask({ method: 'POST', path: `/v1/projects/${ref}/sql`, json: { query: sql } })
  expect([ran.status, ran.body]).toEqual([200, expect.anything()])
  const result = await done(world, { method: 'POST', path: `/v1/projects/${ref}/backups`, json: {} })
  const { id } = z.object({ id: z.string() }).parse(result)
  const archive = await readFile(join(world.instance.home, 'backups', ref, `${id}.caf`))
  const tables = await world.tablesOf(ref)
  await discard(world, ref)
  return { archive, tables }
}

/** What the starter puts into a project; the project goes. */
export async function starterOf(world: CrashWorld, ref: string): Promise<TableFacts[]> {
  await done(world, creation(ref))
  const tables = await world.tablesOf(ref)
  await discard(world, ref)
  return tables
}
