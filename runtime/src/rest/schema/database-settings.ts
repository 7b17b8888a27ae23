/**
 * Settings kept in the database: `alter role authenticator set pgrst.db_max_rows = '100'`, as PostgREST reads them.
 *
 * They go before the project's own. A value that cannot be is left out: a typing error must not take an API down.
 */
import { RestSettings } from '@cascata/shared/project-document'
import type { Database } from '../../session/database.ts'

const TIMEOUT_MS = 10_000

/** Those of the role in this database go before those of the role anywhere. */
const SQL = `
select coalesce(json_object_agg(name, value order by nearer), '{}')::text
from (
  select split_part(c, '=', 1) as name, substr(c, strpos(c, '=') + 1) as value, s.setdatabase <> 0 as nearer
  from pg_catalog.pg_db_role_setting s
  join pg_catalog.pg_roles r on r.oid = s.setrole and r.rolname = current_user
  cross join lateral unnest(s.setconfig) c
  where s.setdatabase in (0, (select oid from pg_catalog.pg_database where datname = current_database()))
) settings
where name like 'pgrst.%'`

type Reader = (text: string) => unknown

const list: Reader = (text) =>
  text
    .split(',')
    .map((name) => name.trim().replace(/^"(.*)"$/, '$1'))
    .filter((name) => name !== '')
const flag: Reader = (text) => (text === 'true' || text === 'on' ? true : text === 'false' ? false : text)
const count: Reader = (text) => (text === '' ? null : Number(text))
const plain: Reader = (text) => text
const optional: Reader = (text) => (text === '' ? null : text)

const READ: Readonly<Record<string, readonly [keyof RestSettings, Reader]>> = {
  db_schemas: ['schemas', list],
  db_schema: ['schemas', list],
  db_extra_search_path: ['extraSearchPath', list],
  db_max_rows: ['maxRows', count],
  db_pre_request: ['preRequest', optional],
  db_aggregates_enabled: ['aggregates', flag],
  db_plan_enabled: ['plan', flag],
  db_tx_end: ['txEnd', plain],
  db_root_spec: ['rootSpec', optional],
  openapi_mode: ['openapiMode', plain],
  openapi_security_active: ['openapiSecurityActive', flag],
  openapi_server_proxy_uri: ['openapiServerProxyUri', optional],
  server_timing_enabled: ['serverTiming', flag],
}

export async function loadDatabaseSettings(database: Database): Promise<Record<string, string>> {
  const answer = await database.run({
    settings: [],
    main: { text: SQL, values: [], prepare: false },
    readOnly: true,
    end: 'commit',
    timeoutMs: TIMEOUT_MS,
  })
  return JSON.parse(answer.rows[0]?.[0]?.toString('utf8') ?? '{}')
}

export function overrideSettings(
  settings: RestSettings,
  found: Readonly<Record<string, string>>,
): RestSettings {
  let result = settings
  for (const [name, text] of Object.entries(found)) {
    const mapped = READ[name.replace(/^pgrst\./, '')]
    if (mapped === undefined) continue
    const [key, read] = mapped
    const tried = RestSettings.safeParse({ ...result, [key]: read(text) })
    if (tried.success) result = tried.data
  }
  return result
}
