/**
 * Settings kept in the database: `alter role authenticator set pgrst.db_max_rows = '100'`, or made by the function that
 * `db-pre-config` names, as PostgREST reads them.
 *
 * They go before the project's own. A value that cannot be is left out: a typing error must not take an API down.
 */
import { RestSettings } from '@cascata/shared/project-document'
import { ident, sql, toStatement } from '@cascata/shared/sql'
import type { Database } from './database.ts'
import { parseRolePath } from './role-path.ts'

/** By name, without `pgrst.`. */
export type StoredSettings = Readonly<Record<string, string>>

const TIMEOUT_MS = 10_000

type Reader = (text: string) => unknown

const list: Reader = (text) =>
  text
    .split(',')
    .map((name) => name.trim().replace(/^"(.*)"$/, '$1'))
    .filter((name) => name !== '')
const FLAGS: Readonly<Record<string, boolean>> = { true: true, on: true, false: false, off: false }
const flag: Reader = (text) => FLAGS[text.toLowerCase()] ?? text
const count: Reader = (text) => (text === '' ? null : Number(text))
const plain: Reader = (text) => text
const optional: Reader = (text) => (text === '' ? null : text)
const rolePath: Reader = (text) => (parseRolePath(text) ? text : null)

const READ: Readonly<Record<string, readonly [keyof RestSettings, Reader]>> = {
  client_error_verbosity: ['errorVerbosity', plain],
  db_aggregates_enabled: ['aggregates', flag],
  db_anon_role: ['anonRole', optional],
  db_extra_search_path: ['extraSearchPath', list],
  db_hoisted_tx_settings: ['hoistedSettings', list],
  db_max_rows: ['maxRows', count],
  db_plan_enabled: ['plan', flag],
  db_pre_request: ['preRequest', optional],
  db_root_spec: ['rootSpec', optional],
  db_schema: ['schemas', list],
  db_schemas: ['schemas', list],
  db_tx_end: ['txEnd', plain],
  jwt_aud: ['jwtAudience', optional],
  jwt_role_claim_key: ['roleClaimKey', rolePath],
  openapi_mode: ['openapiMode', plain],
  openapi_security_active: ['openapiSecurityActive', flag],
  openapi_server_proxy_uri: ['openapiServerProxyUri', optional],
  server_cors_allowed_origins: ['corsAllowedOrigins', list],
  server_timing_enabled: ['serverTiming', flag],
  server_trace_header: ['traceHeader', optional],
}

/** They are no part of the REST settings: who checks tokens takes them. */
const READ_APART = ['jwt_secret', 'jwt_secret_is_base64']

/** Of several the nearer goes first: the role in this database, the role anywhere, then what the function said. */
const SQL = (made: boolean) => `
with wanted(name) as (select unnest($1::text[])),
found(name, value, place) as (
  select substr(split_part(c, '=', 1), 7), substr(c, strpos(c, '=') + 1), (s.setdatabase = 0)::int
  from pg_catalog.pg_db_role_setting s
  join pg_catalog.pg_roles r on r.oid = s.setrole and r.rolname = current_user
  cross join lateral unnest(s.setconfig) c
  where s.setdatabase in (0, (select oid from pg_catalog.pg_database where datname = current_database()))
    and c like 'pgrst.%'
  ${made ? "union all select name, nullif(current_setting('pgrst.' || name, true), ''), 2 from wanted" : ''}
)
select coalesce(json_object_agg(name, value order by place desc), '{}')::text
from found join wanted using (name) where value is not null`

export async function loadDatabaseSettings(
  database: Database,
  preConfig: string | null,
): Promise<StoredSettings> {
  const names = [...Object.keys(READ), ...READ_APART]
  const call = preConfig === null ? null : toStatement(sql`select ${ident(...preConfig.split('.'))}()`)
  const answer = await database.run({
    settings: [],
    ...(call === null ? {} : { before: { text: call.text, values: [], prepare: false } }),
    main: { text: SQL(call !== null), values: [`{${names.join(',')}}`], prepare: false },
    readOnly: true,
    end: 'commit',
    timeoutMs: TIMEOUT_MS,
  })
  return JSON.parse(answer.rows[0]?.[0]?.toString('utf8') ?? '{}')
}

export function overrideSettings(settings: RestSettings, found: StoredSettings): RestSettings {
  let result = settings
  for (const [name, text] of Object.entries(found)) {
    const mapped = READ[name]
    if (mapped === undefined) continue
    const [key, read] = mapped
    const tried = RestSettings.safeParse({ ...result, [key]: read(text) })
    if (tried.success) result = tried.data
  }
  return result
}
