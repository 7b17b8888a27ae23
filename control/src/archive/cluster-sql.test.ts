import type { DatabaseFacts, RoleEntry, Roles } from '@cascata/shared/caf/manifest'
import { describe, expect, test } from 'vitest'
import { inGrantOrder } from './catalog.ts'
import { createDatabaseToSql, databaseToSql, rolesToSql } from './cluster-sql.ts'

const VERIFIER = 'SCRAM-SHA-256$4096:c2FsdA==$c3RvcmVk:c2VydmVy'
const role = (name: string, more: Partial<RoleEntry> = {}): RoleEntry => ({
  name,
  inherit: true,
  createRole: false,
  createDb: false,
  login: false,
  bypassRls: false,
  connectionLimit: -1,
  validUntil: null,
  verifier: null,
  comment: null,
  ...more,
})
const roles = (more: Partial<Roles>): Roles => ({ custom: [], memberships: [], settings: [], ...more })
const grant = (name: string, member: string, grantor: string, admin = false) => ({
  role: name,
  member,
  grantor,
  admin,
  inherit: true,
  set: true,
})
const facts: DatabaseFacts = {
  owner: 'postgres',
  encoding: 'UTF8',
  localeProvider: 'builtin',
  collate: 'C',
  ctype: 'C',
  locale: 'C.UTF-8',
  icuRules: null,
  connectionLimit: -1,
  comment: null,
  acl: null,
}

describe('rolesToSql', () => {
  test.each<[string, Roles, string[], string[]]>([
    [
      'creates a missing role and sets what it may do',
      roles({ custom: [role('team', { login: true, verifier: VERIFIER })] }),
      [],
      [
        'create role "team"',
        `alter role "team" nosuperuser noreplication inherit nocreaterole nocreatedb login nobypassrls connection limit -1  password '${VERIFIER}'`,
        'comment on role "team" is null',
      ],
    ],
    ['leaves base roles to the image', roles({ custom: [role('postgres'), role('pg_monitor')] }), [], []],
    [
      'quotes a name that tries to be more than a name',
      roles({ settings: [{ role: 'x" superuser; --', database: false, name: 'a.b"c', value: "it's" }] }),
      [],
      [`alter role "x"" superuser; --" set "a.b""c" to 'it''s'`],
    ],
    [
      'takes lists of names apart as Postgres does',
      roles({
        settings: [
          { role: 'r', database: false, name: 'search_path', value: '"$user", public, "we, ""ird"' },
        ],
      }),
      [],
      [`alter role "r" set "search_path" to '$user', 'public', 'we, "ird'`],
    ],
    [
      'hands out neither the server nor the cluster',
      roles({
        memberships: [
          grant('pg_execute_server_program', 'team', 'supabase_admin'),
          grant('supabase_admin', 'team', 'supabase_admin'),
          grant('team', 'supabase_admin', 'supabase_admin'),
          grant('team', 'anon', 'supabase_admin'),
        ],
      }),
      [],
      ['grant "team" to "anon" with admin false, inherit true, set true granted by "supabase_admin"'],
    ],
    [
      'leaves the settings of one database to that database',
      roles({ settings: [{ role: 'r', database: true, name: 'a', value: 'b' }] }),
      [],
      [],
    ],
  ])('%s', (_sentence, given, existing, expected) => {
    expect(rolesToSql(given, new Set(existing))).toEqual(expected)
  })

  test('a verifier that is none is not taken for a password', () => {
    const [, alter] = rolesToSql(roles({ custom: [role('r', { verifier: 'letmein' })] }), new Set())
    expect(alter).toMatch(/password null$/)
  })

  test('a role that is there loses a limit it should not have', () => {
    const [alter] = rolesToSql(roles({ custom: [role('r')] }), new Set(['r']))
    expect(alter).toContain(`valid until 'infinity'`)
  })
})

describe('the database', () => {
  test('is made with the collation it had', () => {
    expect(createDatabaseToSql('x', facts)).toBe(
      `create database "x" template template0 encoding 'UTF8' locale_provider builtin lc_collate 'C' lc_ctype 'C' builtin_locale 'C.UTF-8'`,
    )
  })

  test('has no privilege but those listed', () => {
    const acl = [{ grantee: '', privilege: 'CONNECT' as const, grantable: true }]
    expect(databaseToSql('x', { ...facts, acl }, [])).toContain(
      'grant CONNECT on database "x" to public with grant option',
    )
  })

  test('keeps what was set for it, and for roles in it', () => {
    const settings = [
      { role: null, database: true, name: 'app.a', value: '1' },
      { role: 'r', database: true, name: 'app.b', value: '2' },
      { role: 'r', database: false, name: 'app.c', value: '3' },
    ]
    expect(databaseToSql('x', facts, settings).filter((text) => text.includes('app.'))).toEqual([
      `alter database "x" set "app.a" to '1'`,
      `alter role "r" in database "x" set "app.b" to '2'`,
    ])
  })
})

test('a membership comes after the one that allows it', () => {
  const passedOn = grant('team', 'c', 'b')
  const allowed = grant('team', 'b', 'a', true)
  const first = grant('team', 'a', 'supabase_admin', true)
  expect(inGrantOrder([passedOn, allowed, first])).toEqual([first, allowed, passedOn])
})
