import { RestSettings } from '@cascata/shared/project-document'
import { describe, expect, test } from 'vitest'
import type { Database, Turn } from '../../session/database.ts'
import { createSession } from '../../session/session.ts'
import type { Execution } from '../execute.ts'
import { CATALOG, requestOf, SAMPLE } from '../rest-harness.ts'
import { buildSchemaCache } from '../schema/cache.ts'
import { COMMENT_SQL } from './access.ts'
import { Describer } from './describer.ts'
import { FACTS_SQL } from './facts-sql.ts'

const column = (name: string) => ({
  name,
  comment: null,
  generated: false,
  maxLength: null,
  ...{ type: 'text', format: 'text', base: 'text', values: [] },
})

const FACTS = {
  tables: [
    { name: 'author', comment: 'Who writes', columns: [column('id'), column('name')] },
    { name: 'tag', comment: null, columns: [column('id')] },
    { name: 'made_since', comment: null, columns: [] },
  ],
  functions: [],
}

const granted = (name: string, more: object = {}) => ({
  ...{ name, select: true, insert: [], update: [], delete: false },
  ...more,
})

const NOTHING = { comment: null, tables: [], functions: [] }

/** A Postgres that says what the test lets it say, and remembers what it was asked. */
function sayingDatabase() {
  const turns: Turn[] = []
  const says: { facts: unknown; access: unknown } = { facts: FACTS, access: NOTHING }
  const database: Database = {
    async run(turn) {
      turns.push(turn)
      const said = turn.main.text === FACTS_SQL ? says.facts : says.access
      if (said instanceof Error) throw said
      if (said === undefined) return { columns: ['c'], rows: [], rowCount: 0 }
      return { columns: ['c'], rows: [[Buffer.from(JSON.stringify(said))]], rowCount: 1 }
    },
    listen: async () => ({ close: async () => {} }),
    close: async () => {},
  }
  const readings = () => turns.filter(({ main }) => main.text === FACTS_SQL).length
  return { database, says, turns, readings }
}

function start() {
  const postgres = sayingDatabase()
  const describer = new Describer()
  const ask = (more: { cache?: Execution['cache']; settings?: object } = {}) =>
    describer.describe(
      {
        database: postgres.database,
        cache: more.cache ?? SAMPLE,
        settings: RestSettings.parse({ preRequest: 'public.check', ...more.settings }),
        session: createSession({ role: 'anon', claims: { role: 'anon' }, anonRole: 'anon' }),
        input: { method: 'GET', path: '/', query: '', headers: {}, body: null },
        timeoutMs: 1000,
        readOnly: false,
      },
      requestOf({ line: 'GET /' }),
      new AbortController().signal,
    )
  return { ...postgres, ask }
}

describe('what is asked', () => {
  test('the role each time, in its own turn and after the function that may refuse it; the facts once', async () => {
    const { ask, turns, readings } = start()
    await Promise.all([ask(), ask(), ask()])
    await ask()
    expect(readings()).toBe(1)
    const asked = turns.filter(({ main }) => main.text !== FACTS_SQL)
    expect(asked).toHaveLength(4)
    for (const turn of asked) {
      expect(turn.settings).toContainEqual(['role', 'anon'])
      expect(turn.before?.text).toBe('select "public"."check"()')
      expect(turn.readOnly).toBe(true)
    }
  })

  test('where privileges do not count, nothing of them', async () => {
    const { ask, turns, says } = start()
    says.access = { comment: 'Books' }
    const { comment, tables } = await ask({ settings: { openapiMode: 'ignore-privileges' } })
    expect([comment, tables.map(({ name }) => name)]).toEqual(['Books', ['author', 'tag']])
    expect(turns.at(-1)?.main.text).toBe(COMMENT_SQL)
  })

  test('the facts anew after each reading of the schema, and after a failure', async () => {
    const { ask, says, readings } = start()
    says.facts = new Error('gone')
    await expect(ask()).rejects.toThrow('gone')
    says.facts = FACTS
    await ask()
    expect(readings()).toBe(2)
    await ask({ cache: buildSchemaCache(CATALOG, ['public']) })
    expect(readings()).toBe(3)
  })
})

describe('what comes of it', () => {
  test('of the same answer is the same object, of another another', async () => {
    const { ask, says } = start()
    const first = await ask()
    expect(await ask()).toBe(first)
    says.access = { ...NOTHING, tables: [granted('author')] }
    const second = await ask()
    expect([first.tables.length, second.tables.length]).toEqual([0, 1])
    says.access = NOTHING
    expect(await ask()).toBe(first)
  })

  test('is kept for a few: the one not asked for longest goes', async () => {
    const { ask, says } = start()
    const saying = (comment: string) => {
      says.access = { ...NOTHING, comment }
      return ask()
    }
    const first = await saying('0')
    const second = await saying('1')
    for (const at of [2, 3, 4, 5, 6, 7]) await saying(String(at))
    expect(await saying('0')).toBe(first)
    await saying('8')
    expect(await saying('0')).toBe(first)
    expect(await saying('1')).not.toBe(second)
  })

  test('tells by column what the role may do, and never more than is possible', async () => {
    const { ask, says } = start()
    says.access = {
      ...NOTHING,
      tables: [granted('author', { select: ['id'], insert: true, update: ['name'], delete: true })],
    }
    const [author] = (await ask()).tables
    expect(author?.verbs).toEqual({ select: true, insert: true, update: true, delete: true })
    expect(author?.columns.map(({ name, verbs }) => [name, verbs])).toEqual([
      ['id', { select: true, insert: true, update: false }],
      ['name', { select: false, insert: true, update: true }],
    ])
    const readOnly = CATALOG.tables.map((table) => ({ ...table, insertable: false, deletable: false }))
    const cache = buildSchemaCache({ ...CATALOG, tables: readOnly }, ['public'])
    const [view] = (await ask({ cache })).tables
    expect(view?.verbs).toEqual({ select: true, insert: false, update: true, delete: false })
    expect(view?.columns[0]?.verbs.insert).toBe(false)
  })

  test.each([
    ['no answer', undefined],
    ['an answer without privileges', { comment: null }],
  ])('is nothing, not everything, of %s', async (_sentence, access) => {
    const { ask, says } = start()
    says.access = access
    await expect(ask()).rejects.toThrow()
  })
})
