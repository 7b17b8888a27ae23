/**
 * What the crash matrix cuts: each flow with the effects it consists of, how it is begun, and what has come of it when
 * all is well again.
 */
import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Step } from '@cascata/control/reconcile/effects'
import postgres from 'postgres'
import { expect } from 'vitest'
import { z } from 'zod'
import type { ApiRequest } from './control-api.ts'
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

const EDGE = ['edge.write', 'edge.test', 'edge.switch', 'edge.reload', 'edge.probe', 'edge.prune'] as const
const DATABASE = ['db.create', 'db.start', 'db.ready', 'db.bootstrap'] as const
const RUNTIME = ['runtime.create', 'runtime.start', 'runtime.ready'] as const
const PLACE = ['directories.ensure', 'document.write'] as const
const SEEN = ['project.record', 'operation.complete'] as const
const REFUSED = [
  ...['operation.verdict', 'import.purge', 'import.forget', 'operation.fail'],
  ...['db.stop', 'db.remove', 'files.remove', 'row.remove'],
] as const
const FILLED = ['restore.roles', 'restore.staging', 'restore.load'] as const

const POOLER = ['pooler.write', 'pooler.switch', 'pooler.create', 'pooler.start', 'pooler.probe'] as const

const EFFECTS = {
  create: ['intent.commit', ...PLACE, ...DATABASE, 'db.starter', ...RUNTIME, ...SEEN, ...EDGE],
  pause: ['intent.commit', 'runtime.stop', 'db.stop', ...SEEN, ...EDGE],
  // Neither changes anything at the edge.
  sleep: ['intent.commit', 'document.write', 'runtime.stop', 'db.stop', ...SEEN],
  wake: [
    ...[
      'intent.commit',
      'sleep.end',
      'document.write',
      'db.start',
      'db.ready',
      'runtime.start',
      'runtime.ready',
    ],
    ...['sleep.woken', 'db.bootstrap', 'db.starter', ...SEEN],
  ],
  delete: ['intent.commit', 'runtime.stop', 'runtime.remove', 'db.stop', 'db.remove', ...SEEN, ...EDGE],
  purge: ['files.remove', 'row.remove'],
  import: [
    ...['intent.commit', 'import.insert', ...PLACE, ...DATABASE, ...FILLED, 'restore.swap'],
    ...['restore.clear', ...RUNTIME, 'restore.drop', 'project.record', 'import.forget', 'operation.succeed'],
    ...EDGE,
  ],
  refuse: [
    ...['intent.commit', 'import.insert', ...PLACE, ...DATABASE, ...FILLED, 'project.record'],
    ...REFUSED,
    ...EDGE,
  ],
  expose: [
    ...['intent.commit', ...PLACE, 'db.ready', 'db.bootstrap', 'db.starter', ...SEEN],
    // The first only of a server that ran before its project was opened, for the first time.
    ...['pooler.admit', ...POOLER],
  ],
} as const satisfies Record<string, readonly Step[]>

export type FlowName = keyof typeof EFFECTS
export const FLOW_NAMES = Object.keys(EFFECTS) as FlowName[]

export type Cut = { flow: FlowName; when: 'before' | 'after'; step: Step; ref: string }

/** Up to its failure an import that is refused is like any other, and is cut there; one that is opened is one that was changed. */
const CUT_ALONE: Partial<Record<FlowName, readonly Step[]>> = { refuse: REFUSED, expose: POOLER }

export const cutsOf = (flow: FlowName): Cut[] =>
  (CUT_ALONE[flow] ?? EFFECTS[flow])
    .flatMap((step) => (['before', 'after'] as const).map((when) => ({ flow, when, step })))
    .map((cut, at) => ({ ...cut, ref: refOf(cut, at) }))

/** Two projects take turns in being paused, put to sleep, opened and deleted; all else has a project of its own. */
const STANDING: readonly FlowName[] = ['pause', 'sleep', 'wake', 'delete', 'expose']
const refOf = ({ flow, when, step }: Omit<Cut, 'ref'>, at: number): string =>
  STANDING.includes(flow) ? `standing-${(at % 2) + 1}` : `${flow}-${when}-${step.replace('.', '-')}`

export const unharmedRef = (flow: FlowName): string =>
  STANDING.includes(flow) ? 'standing-1' : `${flow}-unharmed`

/** What an import fills its project with, and must find there again. */
export type Source = { archive: Buffer; tables: readonly TableFacts[] }
export type Sources = { whole: Source; unrestorable: Source; starter: readonly TableFacts[] }

const Project = z.object({ status: z.string() })
const Keys = z.object({ service_role_key: z.string() })

export class CrashFlows {
  readonly #world: CrashWorld
  readonly #sources: Sources

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
    const settings = (ref: string, enabled: boolean): ApiRequest => ({
      ...{ method: 'PATCH', path: `/v1/projects/${ref}/settings`, ifMatch: enabled ? etag : '*' },
      json: { direct: { enabled } },
    })
    const close = async (ref: string) => {
      await done(this.#world, settings(ref, false))
      await eventually(30_000, async () => expect(await this.#world.wrongs()).toEqual([]))
    }
    return {
      effects: EFFECTS.expose,
      apart: true,
      arrange: async (ref) => {
        await this.#stands(ref)
        await close(ref)
        etag = await this.#world.api.etag(`/v1/projects/${ref}/settings`)
      },
      request: (ref) => settings(ref, true),
      operation: { kind: 'project.update', status: 'succeeded', problem: null },
      check: (ref) => this.#isReached(ref),
      clear: close,
    }
  }

  /** By its URL, as a driver does. */
  async #isReached(ref: string): Promise<void> {
    const shape = z.object({ db_url: z.string() })
    const { db_url } = await this.#world.api.get(shape, `/v1/projects/${ref}/database`)
    const sql = postgres(db_url, { max: 1, connect_timeout: 10 })
    try {
      expect(await sql`select current_user::text as is`).toEqual([{ is: 'postgres' }])
    } finally {
      await sql.end({ timeout: 1 })
    }
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
