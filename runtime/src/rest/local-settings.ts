/** What Postgres is told of a request before its statement runs, as settings of the transaction. */
import type { RestSettings } from '@cascata/shared/project-document'
import { ident } from '@cascata/shared/sql'
import type { Query } from '../session/database.ts'
import type { Session } from '../session/session.ts'
import type { RestRequestInput } from './contract.ts'
import type { RestRequest } from './request/types.ts'
import type { Routine, SchemaCache } from './schema/types.ts'
import { withinTimeout } from './statement-timeout.ts'

type Setting = readonly [name: string, value: string]

/** What of it depends on the settings alone. */
type Constants = {
  searchPaths: Map<string, Setting>
  appSettings: readonly Setting[]
  /** The call of the pre-request function. */
  before: Query | null
}

const NONE: readonly Setting[] = []
const NO_COOKIES = '{}'

const known = new WeakMap<RestSettings, Constants>()

const quoted = (name: string): string => ident(name).texts.join('')

export function constantsOf(settings: RestSettings): Constants {
  const found = known.get(settings)
  if (found !== undefined) return found
  const preRequest = settings.preRequest?.split('.').map(quoted).join('.')
  const constants: Constants = {
    searchPaths: new Map(),
    appSettings: Object.entries(settings.appSettings).map(
      ([name, value]): Setting => [name.includes('.') ? name : `app.settings.${name}`, value],
    ),
    before: preRequest === undefined ? null : { text: `select ${preRequest}()`, values: [] },
  }
  known.set(settings, constants)
  return constants
}

const pathText = (schema: string, extra: readonly string[]): string =>
  [schema, ...extra].map(quoted).join(', ')

/** What most requests set: a session that begins with it need not be told. */
export const usualSettings = ({ schemas, extraSearchPath }: RestSettings): Record<string, string> => ({
  search_path: pathText(schemas[0] ?? '', extraSearchPath),
  'request.method': 'GET',
  'request.cookies': NO_COOKIES,
})

/** The schema is one of those exposed, so the map stays small. */
function searchPath({ searchPaths }: Constants, schema: string, extra: readonly string[]): Setting {
  const found = searchPaths.get(schema)
  if (found !== undefined) return found
  const setting: Setting = ['search_path', pathText(schema, extra)]
  searchPaths.set(schema, setting)
  return setting
}

type Context = {
  settings: RestSettings
  session: Session
  input: RestRequestInput
  cache: SchemaCache
  timeoutMs: number
}

export function localSettings(context: Context, request: RestRequest, routine: Routine | null): Setting[] {
  const { settings, session, input, cache, timeoutMs } = context
  const constants = constantsOf(settings)
  const { timezone } = request.preferences
  const local: Setting[] = [searchPath(constants, request.schema, settings.extraSearchPath)]
  // Before the role is taken on: some may be set only by us.
  for (const setting of withinTimeout(cache.roleSettings(session.role), timeoutMs)) {
    if (setting[0] !== 'default_transaction_isolation') local.push(setting)
  }
  local.push(
    ['role', session.role],
    ['request.jwt.claims', session.claimsJson],
    ['request.method', input.method],
    ['request.path', input.path],
  )
  pushHeaders(local, input)
  if (timezone !== null) local.push(['timezone', timezone])
  for (const setting of withinTimeout(routine?.settings ?? NONE, timeoutMs)) {
    if (settings.hoistedSettings.includes(setting[0])) local.push(setting)
  }
  for (const setting of constants.appSettings) local.push(setting)
  return local
}

function pushHeaders(local: Setting[], { headers: all, headersText }: RestRequestInput): void {
  if (all.cookie === undefined) {
    local.push(['request.headers', headersText ?? JSON.stringify(all)], ['request.cookies', NO_COOKIES])
    return
  }
  const { cookie, ...headers } = all
  local.push(
    ['request.headers', JSON.stringify(headers)],
    ['request.cookies', JSON.stringify(parseCookies(cookie))],
  )
}

function parseCookies(header: string): Record<string, string> {
  const pairs = header.split(';').map((piece): [string, string] => {
    const at = piece.indexOf('=')
    return at < 0 ? [piece.trim(), ''] : [piece.slice(0, at).trim(), piece.slice(at + 1).trim()]
  })
  return Object.fromEntries(pairs)
}
