/** For tests: a small schema, and a request written as one line taken through to its statement. */
import { RestSettings } from '@cascata/shared/project-document'
import { DEFAULT_LIMITS } from './contract.ts'
import { bind, type Prepared, prepare } from './prepared.ts'
import { parseRequest } from './request/request.ts'
import type { RestRequest } from './request/types.ts'
import { buildSchemaCache } from './schema/cache.ts'
import type { SchemaCache } from './schema/types.ts'

const column = (name: string, type = 'integer', more: object = {}) => ({
  name,
  type,
  base: type,
  nullable: true,
  default: null,
  ...more,
})

const table = (oid: number, name: string, columns: object[]) => ({
  oid,
  schema: 'public',
  name,
  view: false,
  insertable: true,
  triggers: false,
  updatable: true,
  deletable: true,
  columns,
})

const relation = (oid: number, name: string) => ({ oid, schema: 'public', name })
const numbered = (columns: Record<string, number>) =>
  Object.entries(columns).map(([name, number]) => ({ name, number }))

const key = (name: string, of: object, columns: Record<string, number>) => ({
  kind: 'p',
  name,
  table: of,
  columns: numbered(columns),
  toTable: null,
  toColumns: null,
})

const reference = (
  name: string,
  { from, columns }: { from: object; columns: Record<string, number> },
  { to, toColumns }: { to: object; toColumns: Record<string, number> },
) => ({
  kind: 'f',
  name,
  table: from,
  columns: numbered(columns),
  toTable: to,
  toColumns: numbered(toColumns),
})

const author = relation(1, 'author')
const book = relation(2, 'book')
const tag = relation(3, 'tag')
const bookTag = relation(4, 'book_tag')
const id = { to: author, toColumns: { id: 1 } }

/** Entry of a view's target list as Postgres stores it. */
const entry = (resno: number, table: number, at: number) =>
  `{TARGETENTRY :expr {VAR :varno 1} :resno ${resno} :resname c :resorigtbl ${table} :resorigcol ${at} :resjunk false}`

export const CATALOG = {
  tables: [
    table(1, 'author', [column('id'), column('name', 'text'), column('boss')]),
    table(2, 'book', [
      column('id', 'integer', { default: "nextval('book_seq')" }),
      column('author_id'),
      column('title', 'text'),
      column('facts', 'jsonb'),
      column('words', 'tsvector'),
    ]),
    table(3, 'tag', [column('id'), column('word', 'text')]),
    table(4, 'book_tag', [column('book_id'), column('tag_id')]),
    { ...table(5, 'shelf', [column('book_id'), column('writer')]), view: true },
  ],
  constraints: [
    key('author_pkey', author, { id: 1 }),
    key('book_pkey', book, { id: 1 }),
    key('tag_pkey', tag, { id: 1 }),
    key('book_tag_pkey', bookTag, { book_id: 1, tag_id: 2 }),
    reference('author_boss_fkey', { from: author, columns: { boss: 3 } }, id),
    reference('book_author_fkey', { from: book, columns: { author_id: 2 } }, id),
    reference(
      'book_tag_book_fkey',
      { from: bookTag, columns: { book_id: 1 } },
      { to: book, toColumns: { id: 1 } },
    ),
    reference(
      'book_tag_tag_fkey',
      { from: bookTag, columns: { tag_id: 2 } },
      { to: tag, toColumns: { id: 1 } },
    ),
  ],
  views: [
    {
      ...relation(5, 'shelf'),
      tree: `({QUERY :rtable ({RANGETBLENTRY :eref {ALIAS :colnames ("id")}}) :targetList (${entry(1, 2, 1)} ${entry(2, 2, 2)}) :whereClause <>})`,
      columns: { '1': 'book_id', '2': 'writer' },
    },
  ],
  routines: [
    routine('books', [argument('writer', 'integer', true), argument('since', 'integer', false)], {
      ...{ schema: 'public', name: 'book', set: true, composite: true },
    }),
    routine('same', [argument('a', 'integer', true)], scalar('integer')),
    routine('same', [argument('b', 'integer', true)], scalar('integer')),
    routine('twice', [argument('a', 'integer', false)], scalar('integer')),
    routine('twice', [argument('a', 'text', false)], scalar('integer')),
    routine('whole', [argument('', 'jsonb', true)], scalar('jsonb')),
  ],
  computed: [],
  representations: [],
  handlers: [],
  types: ['text', 'int4', 'mood'],
  roleSettings: [],
}

function argument(name: string, type: string, required: boolean) {
  return { name, type, openType: type, required, variadic: false }
}

function scalar(name: string) {
  return { schema: 'pg_catalog', name, set: false, composite: false }
}

function routine(name: string, args: object[], returns: object) {
  return { schema: 'public', name, arguments: args, returns, volatility: 'stable', settings: [] }
}

export const SAMPLE: SchemaCache = buildSchemaCache(CATALOG, ['public'])

export const SETTINGS = RestSettings.parse({ aggregates: true })

export type Line = { line: string; headers?: Record<string, string>; body?: string }

/** @param line `GET /book?id=eq.1` */
export function requestOf({ line, headers = {}, body }: Line): RestRequest {
  const space = line.indexOf(' ')
  const url = line.slice(space + 1)
  const mark = url.indexOf('?')
  return parseRequest(
    {
      method: line.slice(0, space),
      path: mark < 0 ? url : url.slice(0, mark),
      query: mark < 0 ? '' : url.slice(mark + 1),
      headers,
      body: body === undefined ? null : Buffer.from(body),
    },
    { settings: SETTINGS, limits: DEFAULT_LIMITS, timezones: new Set(['Europe/Vienna']) },
  )
}

export function preparedOf(line: Line): { request: RestRequest; prepared: Prepared } {
  const request = requestOf(line)
  return { request, prepared: prepare(SAMPLE, request, SETTINGS) }
}

/** The statement of a request, without what every statement has around its rows. */
export function statementOf(line: Line): { text: string; values: readonly unknown[] } {
  const { request, prepared } = preparedOf(line)
  const { text, values } = bind(prepared.main, request.values)
  const rows = /from \((.*)\) as "_postgrest_t"$/s.exec(text)
  return { text: rows?.[1] ?? text, values }
}
