/** What schema.sql holds, for those who make requests of it and those who write the SQL beside them. */
export type Kind = 'int' | 'numeric' | 'text' | 'bool' | 'date' | 'time' | 'tags' | 'json'
export type Table = { name: string; key: string[]; columns: Record<string, Kind> }
export type Relation = {
  /** As a request calls it. */
  name: string
  to: string
  many: boolean
  /** Column here, column there. */
  on: [string, string]
  /** Junction: its column for here, its column for there. */
  through?: { table: string; here: string; there: string }
}

const table = (name: string, columns: Record<string, Kind>, key = ['id']): Table => ({ name, key, columns })

export const TABLES: Record<string, Table> = {
  team: table('team', { id: 'int', name: 'text', region: 'text', rank: 'int' }),
  person: table('person', {
    ...{
      id: 'int',
      team_id: 'int',
      boss_id: 'int',
      name: 'text',
      age: 'int',
      score: 'numeric',
      active: 'bool',
    },
    ...{ tags: 'tags', facts: 'json', born: 'date', owner: 'text' },
  }),
  badge: table('badge', { person_id: 'int', kind: 'text', level: 'int' }, ['person_id']),
  project: table('project', { id: 'int', team_id: 'int', title: 'text', budget: 'numeric', state: 'text' }),
  part: table('part', { person_id: 'int', project_id: 'int', duty: 'text', hours: 'int' }, [
    'person_id',
    'project_id',
  ]),
  note: table('note', {
    id: 'int',
    person_id: 'int',
    project_id: 'int',
    body: 'text',
    stars: 'int',
    at: 'time',
  }),
  senior: table('senior', { id: 'int', team_id: 'int', name: 'text', age: 'int', score: 'numeric' }),
  roster: table('roster', { id: 'int', team_id: 'int', name: 'text' }),
  totals: table('totals', { team_id: 'int', people: 'int', points: 'numeric' }, ['team_id']),
}

const one = (name: string, to: string, here: string, there = 'id'): Relation => ({
  name,
  to,
  many: false,
  on: [here, there],
})
const many = (name: string, to: string, there: string, here = 'id'): Relation => ({
  name,
  to,
  many: true,
  on: [here, there],
})
const across = (name: string, here: string, there: string): Relation => ({
  name,
  to: name,
  many: true,
  on: ['id', 'id'],
  through: { table: 'part', here, there },
})

export const RELATIONS: Record<string, Relation[]> = {
  team: [many('person', 'person', 'team_id'), many('project', 'project', 'team_id')],
  person: [
    ...[
      one('team', 'team', 'team_id'),
      one('boss_id', 'person', 'boss_id'),
      many('person', 'person', 'boss_id'),
    ],
    ...[
      one('badge', 'badge', 'id', 'person_id'),
      many('note', 'note', 'person_id'),
      many('part', 'part', 'person_id'),
    ],
    across('project', 'person_id', 'project_id'),
  ],
  badge: [one('person', 'person', 'person_id')],
  project: [
    ...[
      one('team', 'team', 'team_id'),
      many('note', 'note', 'project_id'),
      many('part', 'part', 'project_id'),
    ],
    across('person', 'project_id', 'person_id'),
  ],
  part: [one('person', 'person', 'person_id'), one('project', 'project', 'project_id')],
  note: [one('person', 'person', 'person_id'), one('project', 'project', 'project_id')],
  senior: [one('team', 'team', 'team_id')],
  roster: [one('team', 'team', 'team_id')],
  totals: [],
}

export const tableOf = (name: string): Table => TABLES[name] ?? table(name, {})
export const kindOf = (name: string, column: string): Kind => tableOf(name).columns[column] ?? 'text'
export const WRITABLE = ['team', 'person', 'badge', 'project', 'part', 'note'] as const
