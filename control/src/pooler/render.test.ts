import { ProjectSettings } from '@cascata/shared/contract/projects'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { renderPooler } from './render.ts'
import { PoolerEntry, PoolerSite } from './site.ts'

const password = 'a-password_of-32-random-bytes-0123456789AB'
const verifier = `SCRAM-SHA-256$4096:${'s'.repeat(22)}==$${'k'.repeat(43)}=:${'K'.repeat(43)}=`
const entry = (ref: string, more: object = {}) => ({
  ...{ ref, password, verifier, poolSize: 10, clientsMax: 100, allowed: ['0.0.0.0/0', '::/0'] },
  ...more,
})
const render = (...entries: object[]) =>
  renderPooler(PoolerSite.parse({ certificate: 'CERTIFICATE', key: 'KEY', entries }))

/** As PgBouncer reads them: names and values by section. */
function parsed(ini: string): Record<string, Record<string, string>> {
  const sections: Record<string, Record<string, string>> = {}
  let section = ''
  for (const line of ini.split('\n').map((each) => each.trim())) {
    if (line === '' || line.startsWith(';') || line.startsWith('%include')) continue
    const head = /^\[(\w+)\]$/.exec(line)
    if (head) {
      section = head[1] ?? ''
      continue
    }
    const at = line.indexOf('=')
    sections[section] = { ...sections[section], [line.slice(0, at).trim()]: line.slice(at + 1).trim() }
  }
  return sections
}

const linesOf = (text: string | undefined) => (text ?? '').split('\n').filter((line) => line !== '')

describe('the configuration', () => {
  test('has one database, one user and one rule a range for each open project, and the console for control alone', () => {
    const { files } = render(entry('shop', { allowed: ['203.0.113.0/24', '2001:db8::/32'] }), entry('blog'))
    expect(Object.keys(parsed(files['databases.ini'] ?? '').databases ?? {})).toEqual(['blog', 'shop'])
    expect(linesOf(files['hba.conf'])).toEqual([
      'local "pgbouncer" "root" peer',
      'hostssl "blog" "postgres.blog" 0.0.0.0/0 scram-sha-256',
      'hostssl "blog" "postgres.blog" ::/0 scram-sha-256',
      'hostssl "shop" "postgres.shop" 203.0.113.0/24 scram-sha-256',
      'hostssl "shop" "postgres.shop" 2001:db8::/32 scram-sha-256',
    ])
    expect(linesOf(files['users.txt'])).toEqual([
      '"root" ""',
      `"postgres.blog" "${verifier}"`,
      `"postgres.shop" "${verifier}"`,
    ])
  })

  test('leads to its own server alone, as the role that a tenant is', () => {
    const { files } = render(entry('shop', { poolSize: 3, clientsMax: 7 }))
    expect(parsed(files['databases.ini'] ?? '').databases?.shop?.split(' ')).toEqual([
      'host=/run/cascata/shop/db',
      'port=5432',
      'dbname=postgres',
      'user=postgres',
      `password=${password}`,
      'pool_size=3',
      'max_db_connections=3',
      'max_db_client_connections=7',
    ])
  })

  test('quotes names: a project called "all" is no more than itself', () => {
    const { files } = render(entry('all', { allowed: ['0.0.0.0/0'] }))
    expect(linesOf(files['hba.conf']).at(-1)).toBe('hostssl "all" "postgres.all" 0.0.0.0/0 scram-sha-256')
  })

  test('gives room to all that may come at once, so that nobody takes the place of another', () => {
    const { files } = render(entry('shop', { clientsMax: 30 }), entry('blog', { clientsMax: 200 }))
    expect(parsed(files['session.ini'] ?? '').pgbouncer?.max_client_conn).toBe('2278')
  })

  test('lets no client in without TLS, and asks each for more than a word', () => {
    for (const name of ['session.ini', 'transaction.ini', 'trial.ini']) {
      const settings = parsed(render(entry('shop')).files[name] ?? '').pgbouncer
      expect(settings).toMatchObject({ auth_type: 'hba', client_tls_sslmode: 'require', admin_users: 'root' })
    }
  })

  test('is tried on the same files, where nobody reaches it', () => {
    const { files } = render(entry('shop'))
    const { pgbouncer: trial } = parsed(files['trial.ini'] ?? '')
    expect(trial).toMatchObject({ listen_addr: '', unix_socket_dir: '/tmp/trial', auth_file: 'users.txt' })
    const { pgbouncer: live } = parsed(files['session.ini'] ?? '')
    expect(Object.keys(trial ?? {})).toEqual(Object.keys(live ?? {}))
  })

  test('is the same whatever the order, and names its digest; another certificate is another digest', () => {
    const one = render(entry('shop'), entry('blog'))
    expect(render(entry('blog'), entry('shop'))).toEqual(one)
    expect(one.files['session.ini']).toContain(`cascata_${one.digest}`)
    const renewed = renderPooler(PoolerSite.parse({ certificate: 'NEW', key: 'KEY', entries: [] }))
    expect(renewed.digest).not.toBe(render().digest)
  })
})

describe('whatever a tenant sets', () => {
  const hostile = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom(
      '0.0.0.0/0 trust',
      '::/0\nhost all all 0.0.0.0/0 trust',
      'all',
      '"',
      '@include',
      'samenet',
    ),
    fc.ipV4(),
    fc.ipV6(),
  )
  const settings = fc.record({
    enabled: fc.boolean(),
    allowedAddresses: fc.array(hostile, { minLength: 1, maxLength: 4 }),
    poolSize: fc.oneof(fc.integer({ min: -5, max: 30 }), fc.double(), fc.string()),
    clientsMax: fc.oneof(fc.integer({ min: -5, max: 2_000 }), fc.string()),
  })

  test('adds no line, no setting, no database, no user and no rule', () => {
    const frame = render(entry('shop', { allowed: ['10.0.0.0/8'] }))
    const namesIn = (file: string) => Object.keys(parsed(frame.files[file] ?? '').pgbouncer ?? {})
    fc.assert(
      fc.property(settings, fc.string({ unit: 'binary' }), (direct, ref) => {
        const read = ProjectSettings.safeParse({ direct })
        const given = read.success
          ? { ...read.data.direct, allowed: read.data.direct.allowedAddresses }
          : undefined
        const found = PoolerEntry.safeParse(entry(ref, given))
        const { files } = render(entry('shop', given && { ...given }), ...(found.success ? [found.data] : []))
        const count = found.success ? 2 : 1
        const ranges = given?.allowed.length ?? 2
        expect(linesOf(files['users.txt'])).toHaveLength(1 + count)
        expect(linesOf(files['databases.ini'])).toHaveLength(1 + count)
        expect(linesOf(files['hba.conf'])).toHaveLength(1 + ranges * count)
        for (const line of linesOf(files['hba.conf']).slice(1))
          expect(line).toMatch(/^hostssl "([a-z0-9-]+)" "postgres\.\1" [0-9a-f.:]+\/\d+ scram-sha-256$/)
        for (const file of ['session.ini', 'transaction.ini'])
          expect(Object.keys(parsed(files[file] ?? '').pgbouncer ?? {})).toEqual(namesIn(file))
      }),
      { numRuns: 2_000 },
    )
  })

  test('a project of the name of the console has no entry', () => {
    expect(PoolerEntry.safeParse(entry('pgbouncer')).success).toBe(false)
  })

  test.each([
    ['a password that ends its value', { password: `${password} user=supabase_admin` }],
    ['a password with a quote', { password: `${password}'` }],
    ['a verifier with a line more', { verifier: `${verifier}"\n"root" "x` }],
    ['a password in the place of a verifier', { verifier: password }],
    ['nobody', { allowed: [] }],
  ])('%s is no entry', (_sentence, more) => {
    expect(PoolerEntry.safeParse(entry('shop', more)).success).toBe(false)
  })
})
