import { describe, expect, test } from 'vitest'
import { isWanted } from './choice.ts'
import { type Converted, convertDump, linesOf } from './convert.ts'
import { createReader, type Entry } from './reader.ts'

const entry = (type: string, name: string, schema = 'public'): string =>
  `--\n-- Name: ${name}; Type: ${type}; Schema: ${schema}; Owner: postgres\n--\n`
const rowsOf = (name: string, schema = 'public'): string =>
  `--\n-- Data for Name: ${name}; Type: TABLE DATA; Schema: ${schema}; Owner: postgres\n--\n`

async function convert(dump: string) {
  const converted: Converted = { kept: 0, leftOut: new Map(), closed: [] }
  const lines = await Array.fromAsync(convertDump(dump.split('\n'), { converted, key: 'k1' }))
  return { text: lines.join('\n'), ...converted }
}

describe('isWanted', () => {
  test.each<[string, Entry, boolean]>([
    ['tables of the tenant are', { type: 'TABLE', name: 'notes', schema: 'public' }, true],
    ['schemas of the tenant are', { type: 'SCHEMA', name: 'app', schema: '-' }, true],
    ['grants on them are', { type: 'ACL', name: 'SCHEMA app', schema: '-' }, true],
    ['rows of users are', { type: 'TABLE DATA', name: 'users', schema: 'auth' }, true],
    ['triggers on users are', { type: 'TRIGGER', name: 'users on_new', schema: 'auth' }, true],
    ['the table of users is here', { type: 'TABLE', name: 'users', schema: 'auth' }, false],
    ['its policies are', { type: 'ROW SECURITY', name: 'users', schema: 'auth' }, false],
    [
      "GoTrue's migrations are its own",
      { type: 'TABLE DATA', name: 'schema_migrations', schema: 'auth' },
      false,
    ],
    [
      'a table of an old GoTrue is nowhere',
      { type: 'TABLE DATA', name: 'sso_sessions', schema: 'auth' },
      false,
    ],
    ['files are another matter', { type: 'TABLE DATA', name: 'objects', schema: 'storage' }, false],
    ['public is here', { type: 'SCHEMA', name: 'public', schema: '-' }, false],
    ['who may use it, too', { type: 'ACL', name: 'SCHEMA public', schema: '-' }, false],
    ['extensions are turned on by hand', { type: 'EXTENSION', name: 'citext', schema: '-' }, false],
    ['grants to come are their maker’s', { type: 'DEFAULT ACL', name: 'TABLES', schema: 'public' }, false],
    ['publications are', { type: 'PUBLICATION TABLE', name: 'x', schema: 'public' }, false],
  ])('%s', (_sentence, given, expected) => {
    expect(isWanted(given)).toBe(expected)
  })
})

describe('convertDump', () => {
  test('keeps what is wanted, says what is not, and makes it all the loader’s', async () => {
    const { text, kept, leftOut, closed } = await convert(
      [
        ...['SET statement_timeout = 0;', "SELECT pg_catalog.set_config('search_path', '', false);"],
        ...[entry('TABLE', 'notes'), 'CREATE TABLE public.notes (', '    id integer', ');'],
        ...['ALTER TABLE public.notes OWNER TO supabase_admin;', entry('TABLE', 'open')],
        ...['CREATE TABLE public.open (id integer);', entry('EXTENSION', 'citext', '-')],
        ...['CREATE EXTENSION citext;', entry('ROW SECURITY', 'notes')],
        'ALTER TABLE public.notes ENABLE ROW LEVEL SECURITY;',
      ].join('\n'),
    )
    expect(text).toContain('SET statement_timeout = 0;')
    expect(text).toContain('CREATE TABLE public.notes (\n    id integer\n);')
    expect(text).not.toMatch(/OWNER TO|EXTENSION/)
    expect(text).toMatch(/^\\restrict k1\n.*\nset session_replication_role = 'replica';\n/)
    expect(text.endsWith('reset all;\n\\unrestrict k1')).toBe(true)
    expect({ kept, leftOut: [...leftOut], closed }).toEqual({
      ...{ kept: 3, leftOut: [['EXTENSION', 1]], closed: ['open'] },
    })
  })

  const WANTED = `${entry('TABLE', 'evil')}create table public.evil (id int);`
  test.each([
    ['a row', `${rowsOf('objects', 'storage')}COPY storage.objects (name) FROM stdin;\n${WANTED}\n\\.\n`],
    ['a text', `${rowsOf('objects', 'storage')}INSERT INTO storage.objects VALUES ('\n${WANTED}\n');`],
    [
      'a text with quotes in it',
      `${rowsOf('objects', 'storage')}INSERT INTO storage.objects VALUES ('it''s\n${WANTED}\n''');`,
    ],
    [
      'a text with escapes',
      `${rowsOf('objects', 'storage')}INSERT INTO storage.objects VALUES (E'\\'\n${WANTED}\n');`,
    ],
    ['a body', `${entry('FUNCTION', 'f()', 'storage')}CREATE FUNCTION storage.f() AS $_$\n${WANTED}\n$_$;`],
    ['a name', `${entry('TABLE', 'x', 'storage')}CREATE TABLE storage."\n${WANTED}\n" (id int);`],
    ['a comment', `${entry('TABLE', 'x', 'storage')}/*\n${WANTED}\n*/`],
    ['another database', `\\connect template1\n${WANTED}`],
  ])('is not led astray by what stands in %s', async (_where, dump) => {
    expect((await convert(dump)).text).not.toContain('evil')
  })

  test('passes rows and bodies on as they are', async () => {
    const rows =
      'COPY public.notes (text) FROM stdin;\n-- Name: x; Type: TABLE; Schema: y; Owner:\n\\connect\n\\.'
    const body = "CREATE FUNCTION public.f() AS $$\n-- why\n  select 'ALTER x OWNER TO y;'\n$$;"
    const { text } = await convert(`${rowsOf('notes')}\n${rows}\n${entry('FUNCTION', 'f()')}\n${body}`)
    expect(text).toContain(rows)
    expect(text).toContain(body)
  })

  test.each(['\\! rm -rf /', '\\restrict abc', '\\unrestrict k2', '\\i /etc/passwd', '\\connect postgres'])(
    'passes no command on to psql: %s',
    async (command) => {
      const { text } = await convert(`${entry('TABLE', 'notes')}${command}\nCREATE TABLE public.notes ();`)
      expect(text).not.toContain(command)
    },
  )

  test('lets no dump say how its texts are to be read', async () => {
    const { text } = await convert(`SET standard_conforming_strings = off;\n${entry('TABLE', 'notes')}`)
    expect(text).not.toContain('off')
  })

  test('takes of a whole cluster the database of the project', async () => {
    const part = (name: string) =>
      `\\connect ${name}\nSET row_security = off;\n${entry('TABLE', name)}create ${name}`
    const { text } = await convert(
      `CREATE ROLE anon;\n${part('template1')}\n${part('postgres')}\n${part('_supabase')}`,
    )
    expect(text).toContain('create postgres')
    expect(text).not.toMatch(/CREATE ROLE|create template1|create _supabase/)
  })
})

test('lines end where a line feed is, and nowhere else', async () => {
  const chunks = (async function* () {
    yield Buffer.from('a\rb\u2028c\n')
    yield Buffer.from('d')
    yield Buffer.from('e\n\nf')
  })()
  const lines = (await Array.fromAsync(linesOf(chunks))).map((line) => Buffer.from(line, 'latin1').toString())
  expect(lines).toEqual(['a\rb\u2028c', 'de', '', 'f'])
})

test('what looks like a quotation within a name opens none', () => {
  const read = createReader()
  expect(
    [read('select a$b$c;'), read('-- Name: x; Type: TABLE; Schema: y; Owner: z')].map(({ is }) => is),
  ).toEqual([...['sql', 'header']])
})
