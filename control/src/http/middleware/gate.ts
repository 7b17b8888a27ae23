/** Decides who passes, by the access table alone. A route that the table does not know is not there. */
import {
  ApiTokenInvalid,
  ApiTokenMissing,
  AttemptsExceeded,
  InstanceUnclaimed,
  ScopeTooNarrow,
  TokenTied,
} from '@cascata/shared/problems/access'
import { PathNotFound } from '@cascata/shared/problems/request'
import type { Context } from 'hono'
import { createMiddleware } from 'hono/factory'
import { matchedRoutes } from 'hono/route'
import { assertSees, type Caller } from '../../app/caller.ts'
import { type AccessRule, covers, ruleOf } from '../access.ts'
import type { Attempts } from '../attempts.ts'
import type { Env, HttpDeps } from '../env.ts'

const BEARER = /^Bearer +([A-Za-z0-9._~+/-]{1,200}=*)$/i

export const gate = ({ app }: HttpDeps, attempts: Attempts) =>
  createMiddleware<Env>(async (c, next) => {
    const path = matchedPath(c)
    const rule = path === undefined ? undefined : ruleOf(`${methodOf(c)} ${path}`)
    const ownerless = rule === undefined || !('public' in rule) || !rule.unclaimed
    if (ownerless && !(await app.claims.isClaimed())) throw InstanceUnclaimed()
    if (rule === undefined || path === undefined) throw PathNotFound()
    if (!('public' in rule)) {
      const caller = await identify(c)
      assertMay(caller, rule, refIn(path, c.req.path))
      c.set('caller', caller)
    }
    await next()

    async function identify(c: Context<Env>): Promise<Caller> {
      const header = c.req.header('authorization')
      if (header === undefined) throw ApiTokenMissing()
      const token = BEARER.exec(header)?.[1]
      const caller = token && (await app.tokens.identify(token, c.get('requestId')))
      // A good token always passes: behind one address there may be many callers, and one of them may be broken.
      if (caller) return caller
      if (attempts.exceeded(c.get('address'))) throw AttemptsExceeded()
      attempts.fail(c.get('address'))
      throw ApiTokenInvalid()
    }
  })

function assertMay(caller: Caller, rule: Exclude<AccessRule, { public: true }>, ref: string | undefined) {
  // First: of a project that it may not see, a tied token learns nothing, not even which scope it lacks.
  if (ref !== undefined) assertSees(caller, ref)
  if (caller.projectRef !== null && !rule.project) throw TokenTied()
  if (!covers(caller.scope, rule.scope)) throw ScopeTooNarrow(rule.scope)
}

const methodOf = (c: Context) => (c.req.method === 'HEAD' ? 'GET' : c.req.method)

/** The pattern of the endpoint that will answer; middleware stands under every method. */
const matchedPath = (c: Context): string | undefined =>
  matchedRoutes(c).find(({ method }) => method === methodOf(c))?.path

/** What stands at `:ref`, read here because parameters exist only inside the route. */
function refIn(pattern: string, path: string): string | undefined {
  const at = pattern.split('/').indexOf(':ref')
  if (at === -1) return undefined
  const segment = path.split('/')[at] ?? ''
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment
  }
}
