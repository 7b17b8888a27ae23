/** A world is rows, grants and policies, all by one chance: what stands in it until the next world takes over. */
import type { Chance } from '../../harness/seeded.ts'
import { tableOf, WRITABLE } from './tables.ts'
import { literal } from './twin.ts'

export const ROLES = ['anon', 'authenticated', 'auditor', 'service_role'] as const
export const OWNERS = ['ada', 'bob', "o'neil", 'nobody'] as const

const CLAIM = (name: string) => `(current_setting('request.jwt.claims', true)::json ->> '${name}')`

/** What a policy may ask of a row, by table. */
const PREDICATES: Record<string, string[]> = {
  team: [
    `id = ${CLAIM('team')}::int`,
    'rank > 1',
    "region is distinct from 'west'",
    'exists (select from person p where p.team_id = team.id)',
  ],
  person: [
    `owner = ${CLAIM('sub')}`,
    `team_id = ${CLAIM('team')}::int`,
    'active',
    'coalesce(score, 0) > 10',
    'age is null or age < 60',
    "'new' = any (tags)",
  ],
  badge: ["kind <> 'plain'", 'level > 2', 'exists (select from person p where p.id = person_id)'],
  project: [
    `team_id = ${CLAIM('team')}::int`,
    "state <> 'secret'",
    'budget > 100',
    'exists (select from part where project_id = project.id)',
  ],
  part: ['hours > 1', "duty = 'lead'", `person_id in (select id from person where owner = ${CLAIM('sub')})`],
  note: [
    'stars >= 3',
    `person_id in (select id from person where owner = ${CLAIM('sub')})`,
    'project_id is not null',
    'body is not null',
  ],
}

function predicate(chance: Chance, table: string): string {
  const own = PREDICATES[table] ?? ['true']
  if (chance.happens(0.5)) return 'true'
  if (chance.happens(0.06)) return 'false'
  if (chance.happens(0.3)) return `(${chance.pick(own)}) ${chance.pick(['and', 'or'])} (${chance.pick(own)})`
  return chance.pick(own)
}

function policySql(chance: Chance, table: string, name: string): string {
  const command = chance.pick(['all', 'all', 'select', 'select', 'insert', 'update', 'delete'])
  const who = chance.pick(['public', 'public', 'anon', 'authenticated', 'anon, authenticated', 'auditor'])
  const kind = chance.happens(0.12) ? 'restrictive' : 'permissive'
  const using = command === 'insert' ? '' : ` using (${predicate(chance, table)})`
  const check =
    command === 'insert' || ((command === 'all' || command === 'update') && chance.happens(0.4))
      ? ` with check (${predicate(chance, table)})`
      : ''
  return `create policy ${name} on ${table} as ${kind} for ${command} to ${who}${using}${check};`
}

/** The auditor sees some columns only; others lose a right now and then. */
function grantsSql(chance: Chance): string {
  const lines = [...WRITABLE, 'senior', 'roster'].map(
    (table) =>
      `grant all on ${table} to anon, authenticated, service_role; revoke all on ${table} from auditor;`,
  )
  for (const table of WRITABLE) {
    const { columns, key } = tableOf(table)
    const some = [...new Set([...key, ...Object.keys(columns).filter(() => chance.happens(0.7))])].join(', ')
    if (chance.happens(0.8))
      lines.push(`grant select ${chance.happens(0.5) ? `(${some})` : ''} on ${table} to auditor;`)
    if (chance.happens(0.4)) lines.push(`grant insert, update (${some}), delete on ${table} to auditor;`)
    if (chance.happens(0.1))
      lines.push(
        `revoke ${chance.pick(['select', 'insert', 'update', 'delete'])} on ${table} from ${chance.pick(['anon', 'authenticated'])};`,
      )
  }
  lines.push('grant select on senior, roster to auditor;')
  return lines.join('\n')
}

export function policiesSql(chance: Chance): string {
  const drops = `do $$ declare p record; begin for p in select policyname, tablename from pg_policies where schemaname = 'public' loop
    execute format('drop policy %I on %I', p.policyname, p.tablename); end loop; end $$;`
  const policies = WRITABLE.flatMap((table) => [
    `alter table ${table} ${chance.happens(0.9) ? 'enable' : 'disable'} row level security;`,
    ...Array.from({ length: 1 + chance.below(4) }, (_, at) => policySql(chance, table, `p${at}`)),
  ])
  return [drops, grantsSql(chance), ...policies].join('\n')
}

const NAMES = ['Ada', 'Bob', "O'Neil", 'Zoë', 'a,b', 'say "hi"', '(x)', 'Max%', 'back\\slash', 'Ida'] as const
export const TEXTS = [
  ...NAMES,
  'new project',
  'the quick fox',
  'a fox and a dog',
  '',
  'null',
  '{}',
  '*',
] as const

/** Rows of every table, in an order that keys allow. */
export function rowsSql(chance: Chance): string {
  const maybe = (value: unknown, absence = 0.2) => (chance.happens(absence) ? null : value)
  const insert = (table: string, rows: unknown[][]) =>
    `insert into ${table} values ${rows.map((row) => `(${row.map(literal).join(', ')})`).join(', ')} on conflict do nothing;`
  const list = (count: number, row: (at: number) => unknown[]) =>
    Array.from({ length: count }, (_, at) => row(at + 1))
  const team = () => maybe(1 + chance.below(4))
  return [
    `truncate ${WRITABLE.join(', ')};`,
    insert(
      'team',
      list(4, (id) => [
        id,
        `team ${id}`,
        maybe(chance.pick(['west', 'east', 'North'])),
        maybe(chance.below(5)),
      ]),
    ),
    insert(
      'person',
      list(14, (id) => [
        id,
        team(),
        maybe(id === 1 ? null : 1 + chance.below(id - 1 || 1), 0.4),
        chance.pick(NAMES),
        maybe(chance.below(70)),
        maybe((chance.below(4000) / 100).toFixed(2)),
        maybe(chance.happens(0.6)),
        [chance.pick(['new', 'old', 'b b']), chance.pick(['x', 'y'])],
        {
          color: chance.pick(['red', 'blue']),
          dims: [chance.below(3), chance.below(9)],
          k: maybe(chance.below(3)),
        },
        maybe(`19${50 + chance.below(50)}-0${1 + chance.below(9)}-11`),
        chance.pick(OWNERS),
      ]),
    ),
    insert(
      'badge',
      list(8, (id) => [id, chance.pick(['plain', 'gold']), maybe(id)]),
    ),
    insert(
      'project',
      list(6, (id) => [
        id,
        team(),
        chance.pick(TEXTS),
        maybe(chance.below(500)),
        maybe(chance.pick(['draft', 'secret', 'done'])),
      ]),
    ),
    insert(
      'part',
      list(16, () => [
        1 + chance.below(14),
        1 + chance.below(6),
        chance.pick(['lead', 'member']),
        chance.below(5),
      ]),
    ),
    insert(
      'note',
      list(18, (id) => [
        id,
        maybe(1 + chance.below(14)),
        maybe(1 + chance.below(6)),
        maybe(chance.pick(TEXTS)),
        chance.below(6),
        `2030-0${1 + chance.below(9)}-01T10:00:00Z`,
      ]),
    ),
  ].join('\n')
}

const asText = (table: string) => `select '${table} ' || t::text as line from ${table} t`
/** One text for the state of all tables. */
export const STATE_SQL = `select md5(coalesce(string_agg(line, e'\\n' order by line), '')) as state from (${WRITABLE.map(asText).join(' union all ')}) lines`
