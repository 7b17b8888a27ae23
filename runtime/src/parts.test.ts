import { ProjectDocument } from '@cascata/shared/project-document'
import { pino } from 'pino'
import { expect, test, vi } from 'vitest'
import { parts } from './parts.ts'
import { ACCESS_SQL } from './rest/openapi/access.ts'
import { FACTS_SQL } from './rest/openapi/facts-sql.ts'
import { CATALOG } from './rest/rest-harness.ts'
import type { Database, Turn } from './session/database.ts'
import type { Project } from './session/project.ts'
import { createSession } from './session/session.ts'

const documentOf = (changes: object): ProjectDocument =>
  ProjectDocument.parse({
    version: 1,
    ref: 'acme',
    generation: 1,
    url: 'http://acme.localhost:8080',
    database: { host: '/run/cascata/db', password: 'p' },
    jwtSecret: 'a-secret-of-this-test-and-no-other-project',
    keys: { anon: 'a', serviceRole: 's' },
    ...changes,
  })

/** A project whose document the test replaces. */
function liveProject(first: object = {}) {
  const live = {
    document: documentOf(first),
    told: new Set<(n: ProjectDocument, p: ProjectDocument) => void>(),
  }
  const project: Project = {
    current: () => live.document,
    subscribe: (listener) => {
      live.told.add(listener)
      return () => live.told.delete(listener)
    },
    amend: () => {},
    amendments: () => ({}),
    close: () => {},
  }
  const become = (changes: object) => {
    const previous = live.document
    live.document = documentOf(changes)
    for (const tell of live.told) tell(live.document, previous)
  }
  return { project, become }
}

const saying = (value: unknown) => ({
  columns: ['c'],
  rows: [[Buffer.from(JSON.stringify(value))]],
  rowCount: 1,
})

/** A Postgres that holds the sample's tables, and no rows. */
function sampleDatabase() {
  const turns: Turn[] = []
  const database: Database = {
    async run(turn) {
      // A connection that is opened early, with nothing to ask.
      if (turn.main.text === 'select 1') return saying(1)
      // The settings that a database may keep of its own: it has none.
      if (turn.main.prepare === false && turn.main.values.length === 1) return saying({})
      if (turn.main.text === FACTS_SQL) return saying({ tables: [], functions: [] })
      if (turn.main.text === ACCESS_SQL) return saying({ comment: null, tables: [], functions: [] })
      turns.push(turn)
      if (isLoad(turn)) return saying(CATALOG)
      return { columns: [], rows: [], rowCount: 0 }
    },
    listen: async () => ({ close: async () => {} }),
    close: async () => {},
  }
  const isLoad = ({ main }: Turn) => main.prepare === false
  return {
    database,
    /** Schemas that each reading of the catalogs reached. */
    loads: () => turns.filter(isLoad).map(({ main }) => main.values[1]),
    asked: () => turns.filter((turn) => !isLoad(turn)),
  }
}

async function start(first: object = {}) {
  const { project, become } = liveProject(first)
  const postgres = sampleDatabase()
  const [rest] = parts.createServices({
    database: postgres.database,
    project,
    logger: pino({ level: 'silent' }),
    clock: { now: Date.now },
  })
  if (!rest) throw new Error('there is no service')
  await rest.start()
  const ask = (query: string, path = '/author') =>
    rest.handle(
      { method: 'GET', path, query, headers: {}, body: null, jwtMs: 0 },
      createSession({ role: 'anon', claims: { role: 'anon' }, anonRole: null }),
      new AbortController().signal,
    )
  return { become, ask, ...postgres, close: () => rest.close() }
}

test('a schema that joins the extra search path live is read into the cache; other settings read nothing', async () => {
  const rest = await start()
  expect(rest.loads()).toEqual(['{"public","extensions"}'])
  rest.become({ rest: { maxRows: 5 } })
  rest.become({ rest: { maxRows: 5, extraSearchPath: ['public', 'extensions', 'tools'] } })
  await vi.waitFor(() => expect(rest.loads()).toHaveLength(2))
  expect(rest.loads()[1]).toBe('{"public","extensions","tools"}')
  await rest.close()
})

test('limits hold from the next request on', async () => {
  const rest = await start({ limits: { statementTimeoutMs: 1_000 } })
  const nested = 'select=book(id,author(id))'
  expect((await rest.ask(nested)).status).not.toBe(400)
  rest.become({ limits: { statementTimeoutMs: 2_000, embedDepthMax: 1 } })
  expect((await rest.ask(nested)).status).toBe(400)
  await rest.ask('select=id')
  expect(rest.asked().map(({ timeoutMs }) => timeoutMs)).toEqual([1_000, 2_000])
  await rest.close()
})

test('the description names the public URL of the project, a new one from the next request on', async () => {
  const rest = await start()
  const named = async () => {
    const { host, basePath, schemes } = JSON.parse(String((await rest.ask('', '/')).body))
    return `${schemes} ${host} ${basePath}`
  }
  expect(await named()).toBe('http acme.localhost:8080 /rest/v1')
  rest.become({ url: 'https://acme.example.org' })
  expect(await named()).toBe('https acme.example.org:443 /rest/v1')
  await rest.close()
})
